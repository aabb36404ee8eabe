// Text to tokens and back. The pieces of tokens are kept: a reply asks for the same few hundred again and again.

import { AppError } from '../../../base/errors.ts'
import type { TokenizeOptions } from '../segment-memo.ts'
import { type TokenPiece, toTokenPiece } from '../text-output.ts'
import type { LlamaApi, VocabularyPointer } from './api.ts'

/** Beyond this a text is no prompt: 64 MiB are some 16 million tokens. */
export const MAX_TEXT_BYTES = 64 * 1024 * 1024

const PIECE_BYTES = 256
const IS_END = 1
const IS_NO_END = 2

export class Vocabulary {
  readonly size: number
  readonly #api: LlamaApi
  readonly #pointer: VocabularyPointer
  readonly #pieces: (TokenPiece | undefined)[] = []
  readonly #specialPieces: (TokenPiece | undefined)[] = []
  /** By token; 0 where nobody has asked yet, since a vocabulary may have hundreds of thousands. */
  readonly #ends: Uint8Array

  constructor(api: LlamaApi, pointer: VocabularyPointer) {
    this.#api = api
    this.#pointer = pointer
    this.size = api.vocabularySize(pointer)
    this.#ends = new Uint8Array(this.size)
  }

  tokenize(text: string, { addSpecial, parseSpecial }: TokenizeOptions): number[] {
    const bytes = Buffer.from(text, 'utf8')
    if (bytes.length > MAX_TEXT_BYTES) throw new AppError('payload_too_large', 'the text is longer than 64 MiB')
    const take = (tokens: Int32Array) =>
      this.#api.tokenize(this.#pointer, bytes, bytes.length, tokens, tokens.length, addSpecial, parseSpecial)
    let tokens = new Int32Array(bytes.length + 8)
    let count = take(tokens)
    if (count < 0) {
      tokens = new Int32Array(-count)
      count = take(tokens)
    }
    if (count < 0) throw new AppError('engine_error', 'the text cannot be tokenized')
    return Array.from(tokens.subarray(0, count))
  }

  detokenize(tokens: readonly number[]): string {
    for (const token of tokens) this.#refuseUnknown(token)
    const ids = Int32Array.from(tokens)
    const take = (text: Uint8Array) => this.#api.detokenize(this.#pointer, ids, ids.length, text, text.length, false, true)
    let text = Buffer.alloc(tokens.length * 8 + 16)
    let length = take(text)
    if (length < 0) {
      text = Buffer.alloc(-length)
      length = take(text)
    }
    return text.toString('utf8', 0, Math.max(length, 0))
  }

  piece(token: number, special: boolean): TokenPiece {
    const kept = special ? this.#specialPieces : this.#pieces
    const known = kept[token]
    if (known) return known
    const piece = this.#readPiece(token, special)
    kept[token] = piece
    return piece
  }

  isEnd(token: number): boolean {
    this.#ends[token] ||= this.#api.vocabularyIsEnd(this.#pointer, token) ? IS_END : IS_NO_END
    return this.#ends[token] === IS_END
  }

  /** Throws `invalid_request` for an id that the vocabulary does not have; the engine would abort. */
  refuseUnknown(tokens: readonly number[]): void {
    for (const token of tokens) this.#refuseUnknown(token)
  }

  #refuseUnknown(token: number): void {
    if (!Number.isInteger(token) || token < 0 || token >= this.size) throw new AppError('invalid_request', `there is no token ${token}`)
  }

  #readPiece(token: number, special: boolean): TokenPiece {
    let text = new Uint8Array(PIECE_BYTES)
    let length = this.#api.tokenToPiece(this.#pointer, token, text, text.length, 0, special)
    if (length < 0) {
      text = new Uint8Array(-length)
      length = this.#api.tokenToPiece(this.#pointer, token, text, text.length, 0, special)
    }
    return toTokenPiece(text.slice(0, Math.max(length, 0)))
  }
}

/** Sizes differ where one file pads its vocabulary. */
const MOST_PADDING_TOKENS = 128

/** Throws `load_failed` unless the same ids are the same texts, so that one model can guess for another. */
export function checkSameVocabulary(api: LlamaApi, one: VocabularyPointer, other: VocabularyPointer): void {
  const sizes = [api.vocabularySize(one), api.vocabularySize(other)] as const
  const shared = Math.min(...sizes)
  const differs = Math.max(...sizes) - shared > MOST_PADDING_TOKENS
  const token = differs ? -1 : findToken(shared, (id) => api.vocabularyText(one, id) !== api.vocabularyText(other, id))
  if (!differs && token === undefined) return
  const words = differs ? `${sizes[0]} and ${sizes[1]} tokens` : `token ${token} is another`
  throw new AppError('load_failed', `the draft model has another vocabulary: ${words}`)
}

function findToken(size: number, fits: (token: number) => boolean): number | undefined {
  for (let token = 0; token < size; token++) if (fits(token)) return token
  return undefined
}
