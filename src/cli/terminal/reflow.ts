// Breaks one paragraph into lines of about equal length: the least sum of squared gaps, the last line free. Ollama's tables do it this way,
// so the breaks fall where its users know them. A word that is longer than the limit raises the limit; it is never cut.

import { displayWidth } from './width.ts'

/** Cells of tables come from model files; beyond this many words the quadratic search gives way to filling line by line. */
const MAX_BALANCED_WORDS = 400

export function reflow(text: string, limit: number): string[] {
  const words = text.replaceAll('\n', ' ').split(' ')
  const widths = words.map(displayWidth)
  const width = Math.max(limit, ...widths)
  const ends = words.length > MAX_BALANCED_WORDS ? fillLines(widths, width) : balanceLines(widths, width)
  const lines: string[] = []
  let start = 0
  for (const end of ends) {
    lines.push(words.slice(start, end).join(' '))
    start = end
  }
  return lines
}

/** For each line the index after its last word. */
function balanceLines(widths: readonly number[], limit: number): number[] {
  const count = widths.length
  const costs = new Array<number>(count + 1).fill(0)
  const nextBreak = new Array<number>(count + 1).fill(count)
  for (let start = count - 1; start >= 0; start--) {
    const best = bestBreak(widths, start, limit, costs)
    costs[start] = best.cost
    nextBreak[start] = best.end
  }
  const ends: number[] = []
  for (let start = 0; start < count; start = ends.at(-1) as number) ends.push(nextBreak[start] as number)
  return ends
}

function bestBreak(widths: readonly number[], start: number, limit: number, costs: readonly number[]): { cost: number; end: number } {
  let best = { cost: Number.POSITIVE_INFINITY, end: start + 1 }
  let length = -1
  for (let end = start + 1; end <= widths.length; end++) {
    length += 1 + (widths[end - 1] as number)
    if (length > limit) return best
    if (end === widths.length) return { cost: 0, end }
    const cost = (limit - length) ** 2 + (costs[end] as number)
    if (cost < best.cost) best = { cost, end }
  }
  return best
}

function fillLines(widths: readonly number[], limit: number): number[] {
  const ends: number[] = []
  let length = -1
  widths.forEach((width, index) => {
    if (length >= 0 && length + 1 + width > limit) {
      ends.push(index)
      length = -1
    }
    length += 1 + width
  })
  return [...ends, widths.length]
}
