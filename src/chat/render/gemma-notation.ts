// Values in the notation of Gemma's function-calling models: {key:value}, bare keys, strings between two equal marks.

import { isRecord } from '../../base/json.ts'

export function toGemmaValue(value: unknown, mark: string): string {
  if (typeof value === 'string') return `${mark}${value}${mark}`
  if (Array.isArray(value)) return `[${value.map((item) => toGemmaValue(item, mark)).join(',')}]`
  return isRecord(value) ? toGemmaObject(value, mark) : String(value ?? null)
}

/** Keys in the order of the alphabet, as the models' own template sorts them. */
export function toGemmaObject(record: Readonly<Record<string, unknown>>, mark: string): string {
  return `{${sortedEntries(record)
    .map(([key, value]) => `${key}:${toGemmaValue(value, mark)}`)
    .join(',')}}`
}

export function toGemmaList(texts: readonly string[], mark: string): string {
  return `[${texts.map((text) => `${mark}${text}${mark}`).join(',')}]`
}

export function sortedEntries(record: Readonly<Record<string, unknown>>): [string, unknown][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
}
