// Typed access to a head's metadata. An absent key is undefined; a value of another type than the key should have is `invalid_gguf`,
// so that nobody divides by a string or by zero.

import { invalidGguf } from './byte-source.ts'
import type { GgufHead, GgufScalar, GgufValue } from './types.ts'

export function getText(head: GgufHead, key: string): string | undefined {
  const value = head.metadata.get(key)
  if (value === undefined || typeof value === 'string') return value
  throw wrongType(key, 'a string', value)
}

/** Numbers beyond 2^53 are refused. */
export function getNumber(head: GgufHead, key: string): number | undefined {
  const value = head.metadata.get(key)
  if (value === undefined || typeof value === 'number') return value
  throw wrongType(key, 'a number', value)
}

/** An integer of at least 1: counts of blocks, heads, tokens. */
export function getCount(head: GgufHead, key: string): number | undefined {
  const value = head.metadata.get(key)
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1) return value
  throw wrongType(key, 'an integer of at least 1', value)
}

export function getBoolean(head: GgufHead, key: string): boolean | undefined {
  const value = head.metadata.get(key)
  if (value === undefined || typeof value === 'boolean') return value
  throw wrongType(key, 'a bool', value)
}

/** The items of an array of scalars; undefined when the key is absent or the reader skipped the array. */
export function getItems(head: GgufHead, key: string): GgufScalar[] | undefined {
  const value = head.metadata.get(key)
  if (value === undefined) return undefined
  if (typeof value !== 'object') throw wrongType(key, 'an array', value)
  return value.values?.map((item) => {
    if (typeof item === 'object') throw wrongType(key, 'an array of scalars', value)
    return item
  })
}

/** `general.architecture`; throws when a file names none. */
export function architectureOf(head: GgufHead): string {
  const name = getText(head, 'general.architecture')
  if (!name) throw invalidGguf('general.architecture is missing')
  return name
}

/** A count under the architecture's prefix: `context_length`, `block_count`, `attention.head_count`. */
export function architectureNumber(head: GgufHead, key: string): number | undefined {
  return getCount(head, `${architectureOf(head)}.${key}`)
}

function wrongType(key: string, wanted: string, value: GgufValue) {
  const found =
    typeof value === 'object' ? `an array of ${value.length} items` : `${typeof value} ${JSON.stringify(String(value).slice(0, 80))}`
  return invalidGguf(`${key} is ${found}, not ${wanted}`)
}
