import { describe, expect, it } from 'vitest'
import { architectureNumber, architectureOf, getBoolean, getCount, getItems, getNumber, getText } from './metadata.ts'
import type { GgufHead, GgufValue } from './types.ts'

function headOf(metadata: Record<string, GgufValue>): GgufHead {
  return {
    version: 3,
    littleEndian: true,
    alignment: 32,
    metadata: new Map(Object.entries(metadata)),
    tensors: [],
    parameterCount: 0,
    dataOffsetBytes: 0,
    fileSizeBytes: 0,
  }
}

const head = headOf({
  'general.architecture': 'llama',
  'llama.block_count': 30,
  'llama.context_length': '8192',
  text: 'text',
  number: 1.5,
  bool: false,
  zero: 0,
  negative: -1,
  huge: 2n ** 60n,
  array: { itemType: 'int32', length: 2, values: [1, 2] },
  skipped: { itemType: 'int32', length: 2 },
  nested: { itemType: 'array', length: 1, values: [{ itemType: 'int32', length: 0, values: [] }] },
})

describe('typed metadata', () => {
  it('gives values of the type that was asked for', () => {
    expect(getText(head, 'text')).toBe('text')
    expect(getNumber(head, 'number')).toBe(1.5)
    expect(getBoolean(head, 'bool')).toBe(false)
    expect(getItems(head, 'array')).toEqual([1, 2])
    expect(getItems(head, 'skipped')).toBeUndefined()
    expect(getCount(head, 'llama.block_count')).toBe(30)
    expect(architectureNumber(head, 'block_count')).toBe(30)
  })

  it.each([getText, getNumber, getBoolean, getCount, getItems])('is undefined for an absent key: %o', (get) =>
    expect(get(head, 'absent')).toBeUndefined(),
  )

  it.each([
    ['text', () => getText(head, 'number')],
    ['a number', () => getNumber(head, 'text')],
    ['an exact number', () => getNumber(head, 'huge')],
    ['a bool', () => getBoolean(head, 'number')],
    ['a count, where there is 0', () => getCount(head, 'zero')],
    ['a count, where there is -1', () => getCount(head, 'negative')],
    ['a count, where there is 1.5', () => getCount(head, 'number')],
    ['a count, where there is an array', () => getCount(head, 'array')],
    ['an array', () => getItems(head, 'text')],
    ['an array of scalars', () => getItems(head, 'nested')],
    ['a count of the architecture, where there is a text', () => architectureNumber(head, 'context_length')],
    ['an architecture', () => architectureOf(headOf({}))],
    ['an architecture with a name', () => architectureOf(headOf({ 'general.architecture': '' }))],
  ])('refuses another type when asked for %s', (_, get) => expect(get).toThrow(expect.objectContaining({ code: 'invalid_gguf' })))
})
