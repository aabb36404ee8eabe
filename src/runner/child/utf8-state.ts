// Where a row of bytes stands in UTF-8. A grammar counts characters by their first bytes, and takes for one what is none (an overlong form, half a
// surrogate pair, a number beyond Unicode); such bytes would leave as other characters than the grammar has counted.

/** How many bytes the character still lacks, and between which the next must lie. */
export interface Utf8State {
  readonly missing: number
  readonly low: number
  readonly high: number
}

export const BETWEEN_CHARACTERS: Utf8State = { missing: 0, low: 0, high: 0 }

/** Undefined where the bytes cannot be UTF-8, whatever follows. */
export function afterBytes(state: Utf8State, bytes: Uint8Array): Utf8State | undefined {
  let now: Utf8State | undefined = state
  for (const byte of bytes) {
    if (now.missing === 0) now = afterFirst(byte)
    else if (byte >= now.low && byte <= now.high) now = now.missing === 1 ? BETWEEN_CHARACTERS : following(now.missing - 1)
    else return undefined
    if (now === undefined) return undefined
  }
  return now
}

// Table 3-7 of the Unicode standard.
function afterFirst(byte: number): Utf8State | undefined {
  if (byte < 0x80) return BETWEEN_CHARACTERS
  if (byte < 0xc2 || byte > 0xf4) return undefined
  if (byte < 0xe0) return following(1)
  if (byte === 0xe0) return { missing: 2, low: 0xa0, high: 0xbf }
  if (byte === 0xed) return { missing: 2, low: 0x80, high: 0x9f }
  if (byte < 0xf0) return following(2)
  if (byte === 0xf0) return { missing: 3, low: 0x90, high: 0xbf }
  return byte === 0xf4 ? { missing: 3, low: 0x80, high: 0x8f } : following(3)
}

function following(missing: number): Utf8State {
  return { missing, low: 0x80, high: 0xbf }
}
