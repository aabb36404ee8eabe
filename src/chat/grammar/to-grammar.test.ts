import { Ajv } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { describe, expect, it } from 'vitest'
import { isAppError } from '../../base/errors.ts'
import { MAX_SCHEMA_DEPTH } from './schema-reader.ts'
import { corpus } from './testing/corpus.ts'
import { Gbnf } from './testing/gbnf.ts'
import { toGrammar } from './to-grammar.ts'

const SAMPLES = 25

describe.each(corpus)('the grammar for $name', ({ schema, takes = [], refuses = [] }) => {
  const grammar = toGrammar({ type: 'schema', schema })
  const reader = new Gbnf(grammar)
  const isValid = compile(schema)

  it('writes nothing that the schema refuses', () => {
    const random = createRandom(JSON.stringify(schema).length)
    for (let count = 0; count < SAMPLES; count++) {
      const sample = reader.sample(random, 200)
      const value: unknown = JSON.parse(sample)
      expect(isValid(value) || JSON.stringify([sample, isValid.errors])).toBe(true)
    }
  })

  it('takes what it should, and nothing else', () => {
    expect(takes.filter((text) => !reader.accepts(text))).toEqual([])
    expect(refuses.filter((text) => reader.accepts(text))).toEqual([])
  })
})

it('writes any object for the format "json"', () => {
  const reader = new Gbnf(toGrammar({ type: 'json' }))
  expect(['{}', '{\n  "a": [true, {"b": null}]\n}'].every((text) => reader.accepts(text))).toBe(true)
  expect(['[]', '1', ' {}', '{'].some((text) => reader.accepts(text))).toBe(false)
})

it('bounds white space as llama.cpp does', () => {
  const reader = new Gbnf(toGrammar({ type: 'schema', schema: { type: 'array', items: { type: 'null' }, minItems: 1 } }))
  const between = (space: string) => reader.accepts(`[${space}null]`)
  expect(['', ' ', '\n', '\n\n', `\n${' '.repeat(20)}`, '\n\t \t'].map(between)).toEqual(Array(6).fill(true))
  expect(['  ', '\t', '\n\n\n', `\n${' '.repeat(21)}`, '\n \n'].map(between)).toEqual(Array(5).fill(false))
})

it.each([
  [{ type: 'object', additionalProperties: false, properties: {} }, '{}'],
  [{ type: 'object' }, '{}'],
  [{ type: 'object', properties: { a: true } }, '{}'],
  [{ type: 'array', maxItems: 0 }, '[]'],
  [{ type: 'array', items: { type: 'null' } }, '[]'],
])('bounds it once where %j has nothing inside', (schema, [open, close]) => {
  const reader = new Gbnf(toGrammar({ type: 'schema', schema }))
  const around = (space: string) => reader.accepts(`${open}${space}${close}`)
  expect(['', ' ', '\n', '\n \t'].map(around)).toEqual(Array(4).fill(true))
  expect(['  ', '\n \n', ' \n'].map(around)).toEqual(Array(3).fill(false))
})

describe('a schema that no grammar expresses', () => {
  const refusals: [schema: unknown, path: string, reason: string][] = [
    [{ type: 5 }, '#', 'type must be a string or an array of strings'],
    [{ type: 'date' }, '#', 'unrecognized type date'],
    [{ type: [] }, '#', 'type must not be empty'],
    [{ $ref: '#/nowhere' }, '#', 'cannot resolve $ref #/nowhere, nowhere not found'],
    [{ $ref: '#/toString' }, '#', 'cannot resolve $ref #/toString, toString not found'],
    [
      { $ref: 'https://example.com/x' },
      '#',
      'unsupported $ref https://example.com/x, only references into the same document are supported',
    ],
    [{ $ref: 1 }, '#', '$ref must be a string'],
    [{ enum: [] }, '#', 'enum must be a non-empty array'],
    [{ anyOf: [] }, '#/anyOf', 'must not be empty'],
    [{ anyOf: {} }, '#/anyOf', 'must be an array of schemas'],
    [{ properties: [] }, '#', 'properties must be an object'],
    [{ properties: { a: 1 } }, '#/properties/a', 'schema must be an object'],
    [{ required: 'a' }, '#', 'required must be an array of strings'],
    [{ type: 'string', minLength: -1 }, '#', 'minLength must be a non-negative integer'],
    [{ type: 'array', maxItems: 1.5 }, '#', 'maxItems must be a non-negative integer'],
    [{ type: 'number', minimum: '1' }, '#', 'minimum must be a number'],
    [5, '#', 'schema must be an object'],
    [false, '#', 'no value is allowed'],
    [{ type: 'integer', minimum: 3, maximum: 2 }, '#', 'no value is allowed'],
    [{ type: 'string', minLength: 3, maxLength: 2 }, '#', 'no value is allowed'],
    [{ type: 'string', enum: [1] }, '#', 'no value is allowed'],
    [{ type: 'array', minItems: 2, maxItems: 1 }, '#', 'no value is allowed'],
    [{ allOf: [{ type: 'string' }, { type: 'integer' }] }, '#', 'no value is allowed'],
    [{ properties: { a: false }, required: ['a'] }, '#', 'no value is allowed'],
    [{ properties: { 'a/b': { not: {} } } }, '#/properties/a~1b/not', 'not is not supported'],
    [{ type: 'array', items: { if: {} } }, '#/items/if', 'if is not supported'],
    [{ patternProperties: {} }, '#/patternProperties', 'patternProperties is not supported'],
    [{ type: 'array', uniqueItems: true }, '#/uniqueItems', 'uniqueItems is not supported'],
    [{ type: 'array', contains: {} }, '#/contains', 'contains is not supported'],
    [{ type: 'integer', multipleOf: 5 }, '#/multipleOf', 'multipleOf is not supported'],
    [{ type: 'number', minimum: 1e-20 }, '#', 'a bound with more than 16 digits before or behind the point is not supported'],
    [{ properties: { a: {} }, maxProperties: 0 }, '#/maxProperties', 'maxProperties beside these properties is not supported'],
    [{ properties: { a: {}, b: {} }, minProperties: 2 }, '#/minProperties', 'minProperties beside these properties is not supported'],
    [
      { properties: { a: {} }, propertyNames: { minLength: 1 }, additionalProperties: true },
      '#/propertyNames',
      'propertyNames beside properties is not supported',
    ],
    [{ unevaluatedProperties: {}, type: 'object' }, '#/unevaluatedProperties', 'unevaluatedProperties is not supported'],
    [{ oneOf: [{ type: 'integer' }, { type: 'number' }] }, '#/oneOf', 'the alternatives 0 and 1 may allow the same value; use anyOf'],
    [{ oneOf: [{ items: {} }, { minimum: 3 }] }, '#/oneOf', 'the alternatives 0 and 1 may allow the same value; use anyOf'],
    [{ oneOf: [{ type: 'string' }, { required: ['a'] }] }, '#/oneOf', 'the alternatives 0 and 1 may allow the same value; use anyOf'],
    [
      { type: 'object', properties: { a: {} }, propertyNames: { pattern: '^b' }, additionalProperties: false },
      '#/propertyNames',
      'propertyNames beside properties is not supported',
    ],
    [{ type: 'object', required: ['a'], unevaluatedProperties: false }, '#', 'no value is allowed'],
    [{ oneOf: [{ type: 'null' }, {}] }, '#/oneOf', 'the alternatives 0 and 1 may allow the same value; use anyOf'],
    [{ allOf: [{ pattern: '^a$' }, { pattern: '^b$' }] }, '#/pattern', 'two different pattern for one value are not supported'],
    [{ enum: [{ a: 1 }], required: ['a'] }, '#', 'enum or const beside these keywords is not supported'],
    [{ type: 'string', format: 'iri' }, '#/format', 'the format iri is not supported'],
    [{ type: 'string', format: 5 }, '#', 'format must be a string'],
    [{ type: 'string', format: 'date', pattern: '^a$' }, '#/pattern', 'pattern beside format is not supported'],
    [{ type: 'string', format: 'date', minLength: 11 }, '#/minLength', 'minLength beside this format is not supported'],
    [{ type: 'string', format: 'email', maxLength: 20 }, '#/maxLength', 'maxLength below 197 beside this format is not supported'],
    [{ pattern: 5 }, '#', 'pattern must be a string'],
    [{ pattern: 'a(' }, '#/pattern', 'the pattern is not a regular expression'],
    [{ pattern: '^(?=a)$' }, '#/pattern', 'look-around is not supported'],
    [{ pattern: '^(a)\\1$' }, '#/pattern', '\\1 is not supported'],
    [{ pattern: '^\\bx$' }, '#/pattern', '\\b is not supported'],
    [{ pattern: '^\\p{L}$' }, '#/pattern', '\\p is not supported'],
    [{ pattern: 'a^b' }, '#/pattern', 'an anchor inside the pattern is not supported'],
    [{ pattern: '^(^a)$' }, '#/pattern', 'an anchor inside the pattern is not supported'],
    [{ pattern: '^(a?)*$' }, '#/pattern', 'a loop around what may be empty is not supported'],
    [{ pattern: '^[^\\s\\S]$' }, '#/pattern', 'a character class matches nothing'],
    [{ pattern: `^${'('.repeat(60)}a${')'.repeat(60)}$` }, '#/pattern', 'the pattern is nested too deeply'],
    [{ pattern: 'a'.repeat(4097) }, '#/pattern', 'the pattern is too long'],
    [{ pattern: '^a{100001}$' }, '#/pattern', 'a count above 100000 is not supported'],
    [{ pattern: '^(abc|d)+$', maxLength: 10 }, '#/maxLength', 'maxLength beside this pattern is not supported'],
    [{ pattern: '^a?$', minLength: 2 }, '#/minLength', 'minLength beside this pattern is not supported'],
    [{ $ref: '#' }, '#', 'a value would have to contain itself without end'],
    [{ properties: { a: { $ref: '#' } }, required: ['a'] }, '#', 'a value would have to contain itself without end'],
    [
      { $defs: { A: { anyOf: [{ $ref: '#/$defs/A' }, { type: 'null' }] } }, $ref: '#/$defs/A' },
      '#/$defs/A',
      'a reference to itself without content is not supported',
    ],
    [
      { $defs: { A: { allOf: [{ $ref: '#/$defs/A' }, { type: 'null' }] } }, $ref: '#/$defs/A' },
      '#/$defs/A/allOf/0',
      'a reference to itself without content is not supported',
    ],
    [{ allOf: Array(3).fill({ anyOf: Array(20).fill({}) }) }, '#/anyOf', 'too many combinations of alternatives'],
  ]

  it.each(refusals)('%j is refused at %s: %s', (schema, path, reason) => {
    expect(problemOf(schema)).toEqual({ path, reason })
  })

  it('is refused for its depth only beyond the limit', () => {
    const nested = (depth: number): unknown => (depth === 1 ? { type: 'null' } : { type: 'array', items: nested(depth - 1) })
    expect(problemOf(nested(MAX_SCHEMA_DEPTH))).toBeUndefined()
    expect(problemOf(nested(MAX_SCHEMA_DEPTH + 1))?.reason).toBe('a schema nested deeper than 64 is not supported')
  })

  it('is refused for its size', () => {
    const properties = Object.fromEntries(Array.from({ length: 6000 }, (_, index) => [`p${index}`, { const: index }]))
    expect(() => toGrammar({ type: 'schema', schema: { properties } })).toThrow('the JSON schema is too large for a grammar')
    expect(() => toGrammar({ type: 'schema', schema: { enum: ['x'.repeat(5 * 1024 * 1024)] } })).toThrow(
      'the JSON schema is too large for a grammar',
    )
  })
})

function problemOf(schema: unknown): { path?: unknown; reason?: unknown } | undefined {
  try {
    toGrammar({ type: 'schema', schema })
    return undefined
  } catch (error) {
    if (!isAppError(error, 'invalid_format')) throw error
    expect(error.message).toBe(`JSON schema error at ${error.details.path}: ${error.details.reason}`)
    return error.details
  }
}

function compile(schema: unknown) {
  const isOld = JSON.stringify(schema).includes('additionalItems')
  const ajv = isOld ? new Ajv({ strict: false, allErrors: true }) : new Ajv2020({ strict: false, allErrors: true })
  addFormats.default(ajv)
  return ajv.compile(schema as object)
}

/** mulberry32 */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
