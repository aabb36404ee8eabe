import { describe, expect, it } from 'vitest'
import { described, integer, list, rawJson, struct, text } from './fields.ts'
import { nullable } from './json-schema.ts'

describe('a schema that may be null', () => {
  it.each([
    ['one type', { type: 'string' }, { type: ['string', 'null'] }],
    ['several types', { type: ['number', 'string'] }, { type: ['number', 'string', 'null'] }],
    ['words', { enum: ['a'] }, { enum: ['a', null] }],
    ['words of a type', { type: 'string', enum: ['a'] }, { type: ['string', 'null'], enum: ['a', null] }],
    ['one that stands elsewhere', { $ref: '#/x' }, { anyOf: [{ $ref: '#/x' }, { type: 'null' }] }],
    ['one with a name', { title: 'a.B', type: 'object' }, { anyOf: [{ title: 'a.B', type: 'object' }, { type: 'null' }] }],
    ['anything', { description: 'whatever' }, { description: 'whatever' }],
  ])('can be made of %s', (_, schema, expected) => {
    expect(nullable(schema)).toEqual(expected)
  })
})

describe('the schema of a struct', () => {
  it('has its name and its fields, which may all be null, as may what stands in lists', () => {
    const inner = struct('Inner', { a: text }, { goPackage: 'x', decodesItselfAs: 'Alias' })
    const raw = described(rawJson, { type: 'boolean' })
    expect(struct('Outer', { inner, raw, numbers: list(integer, '[]int') }).schema).toEqual({
      title: 'api.Outer',
      type: 'object',
      properties: {
        inner: { anyOf: [{ title: 'x.Inner', type: 'object', properties: { a: { type: ['string', 'null'] } } }, { type: 'null' }] },
        raw: { type: ['boolean', 'null'] },
        numbers: { type: ['array', 'null'], items: { type: ['integer', 'null'], format: 'int64' } },
      },
    })
  })
})
