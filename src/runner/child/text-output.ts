// Turns the bytes of tokens into text that may leave: never half a character, never a part of a stop string. What could still become a stop
// string is held back; the match that begins earliest wins, and nothing of it or after it comes out. Log-probabilities leave with the
// first text of their tokens, so that what was told of tokens is never behind the text. Bytes that are no UTF-8 become U+FFFD; half a character at the very end is dropped.

/** The bytes of a token, and its text where the bytes are whole characters by themselves. */
export interface TokenPiece {
  bytes: Uint8Array
  text: string | undefined
}

export interface OutputChunk<Logprob> {
  text: string
  logprobs: Logprob[]
}

interface Mark<Logprob> {
  logprob: Logprob
  /** Where the token's text begins, in UTF-16 units since the start of the reply; for a part of a character, where that begins. */
  start: number
}

const NOTHING = Buffer.alloc(0)

export class TextOutput<Logprob = never> {
  readonly #stop: readonly string[]
  #halfCharacter: Buffer = NOTHING
  #held = ''
  #decodedLength = 0
  #sentLength = 0
  #marks: Mark<Logprob>[] = []
  #stopSequence: string | undefined

  constructor(stop: readonly string[]) {
    this.#stop = stop.filter((text) => text !== '')
  }

  /** The stop string that was met; nothing may be pushed after it. */
  get stopSequence(): string | undefined {
    return this.#stopSequence
  }

  /** The last bytes are half a character. */
  get waitsForBytes(): boolean {
    return this.#halfCharacter.length > 0
  }

  /** What may leave now; the text is empty when everything is held back. */
  push(piece: TokenPiece, logprob?: Logprob): OutputChunk<Logprob> {
    const text = this.#decode(piece)
    if (logprob !== undefined) this.#marks.push({ logprob, start: this.#decodedLength })
    this.#decodedLength += text.length
    const known = this.#held + text
    const match = this.#findStop(known)
    if (match) {
      this.#stopSequence = match.stop
      this.#held = ''
      return this.#send(known.slice(0, match.at))
    }
    const holdFrom = known.length - this.#partialStopLength(known)
    this.#held = known.slice(holdFrom)
    return this.#send(known.slice(0, holdFrom))
  }

  /** The reply ends without a stop string: what was held back is text after all. */
  finish(): OutputChunk<Logprob> {
    const text = this.#held
    this.#held = ''
    return this.#send(text)
  }

  #decode(piece: TokenPiece): string {
    if (piece.text !== undefined && this.#halfCharacter.length === 0) return piece.text
    const bytes = Buffer.concat([this.#halfCharacter, piece.bytes])
    const wholeLength = bytes.length - halfCharacterLength(bytes)
    this.#halfCharacter = bytes.subarray(wholeLength)
    return bytes.toString('utf8', 0, wholeLength)
  }

  #findStop(text: string): { stop: string; at: number } | undefined {
    let found: { stop: string; at: number } | undefined
    for (const stop of this.#stop) {
      const at = text.indexOf(stop)
      if (at >= 0 && (!found || at < found.at)) found = { stop, at }
    }
    return found
  }

  #partialStopLength(text: string): number {
    let longest = 0
    for (const stop of this.#stop) {
      for (let length = Math.min(stop.length - 1, text.length); length > longest; length--) {
        if (text.endsWith(stop.slice(0, length))) longest = length
      }
    }
    return longest
  }

  #send(text: string): OutputChunk<Logprob> {
    this.#sentLength += text.length
    const logprobs: Logprob[] = []
    while (this.#marks[0] && this.#marks[0].start < this.#sentLength) logprobs.push((this.#marks.shift() as Mark<Logprob>).logprob)
    return { text, logprobs }
  }
}

export function toTokenPiece(bytes: Uint8Array): TokenPiece {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
  return { bytes, text: Buffer.from(text, 'utf8').equals(bytes) ? text : undefined }
}

/** How many bytes at the end are the beginning of a character that more bytes may complete. */
function halfCharacterLength(bytes: Uint8Array): number {
  for (let length = 1; length <= Math.min(3, bytes.length); length++) {
    const byte = bytes[bytes.length - length] as number
    if ((byte & 0b1100_0000) === 0b1000_0000) continue
    return characterLength(byte) > length ? length : 0
  }
  return 0
}

function characterLength(firstByte: number): number {
  if (firstByte >= 0xf0 && firstByte <= 0xf4) return 4
  if (firstByte >= 0xe0 && firstByte < 0xf0) return 3
  return firstByte >= 0xc2 && firstByte < 0xe0 ? 2 : 1
}
