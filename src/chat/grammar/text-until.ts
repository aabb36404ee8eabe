// Any text up to and with the first `end`: a walk over how much of `end` has been written, one rule for each length.

import { type CodePointRange, choice, type Expression, sequence, subtractRanges, text } from './expression.ts'
import type { GrammarWriter } from './grammar-writer.ts'

const ALL_CHARACTERS: readonly CodePointRange[] = [
  [0x00, 0xd7ff],
  [0xe000, 0x10ffff],
]

export function textUntil(end: string, writer: GrammarWriter): Expression {
  const characters = [...end]
  const names = characters.map(() => writer.reserve('until'))
  const stateOf = (length: number): Expression => ({ kind: 'rule', name: names[length] ?? '' })
  const known = [...new Set(characters)]
  const others = subtractRanges(
    ALL_CHARACTERS,
    known.map((character) => [character.codePointAt(0) ?? 0, character.codePointAt(0) ?? 0]),
  )
  for (const [length, name] of names.entries()) {
    const steps = known.map((character) => {
      const next = writtenAfter(characters, length, character)
      return next === characters.length ? text(character) : sequence(character, stateOf(next))
    })
    writer.complete(name, choice(...steps, sequence({ kind: 'set', ranges: others }, stateOf(0))))
  }
  return stateOf(0)
}

/** How much of the end stands there when `length` characters of it did and another comes. */
function writtenAfter(end: readonly string[], length: number, character: string): number {
  const written = [...end.slice(0, length), character]
  for (let size = Math.min(written.length, end.length); size > 0; size--) {
    if (written.slice(-size).every((item, index) => item === end[index])) return size
  }
  return 0
}
