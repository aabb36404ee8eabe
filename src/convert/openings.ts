// How many objects and arrays a text of JSON can hold, told before it is parsed: each costs tens of bytes and a visit of the garbage collector, so
// that 60 MB of `[],[],` keep a parser busy for minutes. Brackets in strings count as well, which no real file has too many of.

import { invalidModel } from './failure.ts'

const OPENINGS: readonly number[] = [0x5b, 0x7b]

/** Throws `invalid_gguf`. `label` is what messages call the file. */
export function checkOpenings(bytes: Uint8Array, limit: number, label: string): void {
  let count = 0
  for (const opening of OPENINGS) {
    // The search runs in native code.
    for (let at = bytes.indexOf(opening); at >= 0; at = bytes.indexOf(opening, at + 1)) {
      count++
      if (count > limit) throw invalidModel(`${label}: more than ${limit} objects and lists`)
    }
  }
}
