// Which known family a GGUF's chat template belongs to: the nearest known one by edit distance, if it is near enough (contract/native.md 12.3).

import { KNOWN_CHAT_TEMPLATES } from './chat-templates.ts'
import { BUILTIN_TEMPLATES } from './templates.ts'

export interface DetectedTemplate {
  name: string
  /** The Go template. */
  template: string
  parameters: { stop: string[] }
}

/** Edits from here on mean another template. */
export const MAX_DISTANCE = 100

export function detectTemplate(chatTemplate: string): DetectedTemplate | undefined {
  const points = toCodePoints(chatTemplate)
  let best: string | undefined
  let limit = MAX_DISTANCE
  for (const { name, text } of KNOWN_CHAT_TEMPLATES) {
    if (limit === 0 || Math.abs(text.length - chatTemplate.length) >= limit * 2) continue
    const distance = editDistance(toCodePoints(text), points, limit)
    if (distance >= limit) continue
    limit = distance
    best = name
  }
  const found = best === undefined ? undefined : BUILTIN_TEMPLATES[best]
  return found && best !== undefined ? { name: best, template: found.template, parameters: { stop: [...found.stop] } } : undefined
}

/** Levenshtein's distance, or `limit` where it is no smaller. Only the band of cells that can stay below the limit is computed. */
export function editDistance(a: Uint32Array, b: Uint32Array, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit
  let previous = new Int32Array(b.length + 1)
  let current = new Int32Array(b.length + 1)
  for (let column = 0; column <= b.length; column++) previous[column] = column
  for (let row = 1; row <= a.length; row++) {
    const from = Math.max(1, row - limit)
    const to = Math.min(b.length, row + limit)
    current[from - 1] = from === 1 ? row : limit
    let least = from === 1 ? row : limit
    for (let column = from; column <= to; column++) {
      const above = column === row + limit ? limit : cell(previous, column)
      const change = cell(previous, column - 1) + (a[row - 1] === b[column - 1] ? 0 : 1)
      const distance = Math.min(change, above + 1, cell(current, column - 1) + 1)
      current[column] = distance
      if (distance < least) least = distance
    }
    if (least >= limit) return limit
    ;[previous, current] = [current, previous]
  }
  return Math.min(limit, cell(previous, b.length))
}

function cell(row: Int32Array, column: number): number {
  return row[column] ?? 0
}

function toCodePoints(text: string): Uint32Array {
  return Uint32Array.from(text, (character) => character.codePointAt(0) ?? 0)
}
