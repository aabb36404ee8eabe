// The words that all kinds of vocabulary share: llama.cpp's token types, the limit, and the list that grows into the file.

import { invalidModel } from '../failure.ts'
import type { Metadata } from '../metadata.ts'

/** llama_token_type of llama.h; SentencePiece's own numbers are the same but for the last two. */
export const TOKEN = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const

/** The largest known, XLM-V, has 901,629. Without a limit a number in config.json would decide how much memory the padding takes. */
export const MAX_VOCABULARY = 1_048_576

export interface Vocabulary {
  texts: string[]
  types: number[]
  /** Of SentencePiece; byte-pair and WordPiece vocabularies have none. */
  scores?: number[]
}

/** Places without a token are there and never used, as the model has a row for them. */
export function createVocabulary(size: number, { scored }: { scored: boolean }): Vocabulary {
  if (size > MAX_VOCABULARY) throw invalidModel(`a vocabulary of ${size} tokens is beyond the limit of ${MAX_VOCABULARY}`)
  return {
    texts: Array.from({ length: size }, (_, id) => `[PAD${id}]`),
    types: new Array<number>(size).fill(TOKEN.unused),
    ...(scored ? { scores: new Array<number>(size).fill(-10_000) } : {}),
  }
}

/** Some models mark tokens as ordinary that steer the model: such texts are never split and never printed. */
export function looksSpecial(text: string): boolean {
  return /^(<pad>|<mask>|<2mass>|\[@BOS@\]|<\|.*\|>|<｜.*｜>|<unused.*>)$/s.test(text)
}

export function writeVocabularyEntries(vocabulary: Vocabulary, metadata: Metadata, { model, pre }: { model: string; pre: string }): void {
  metadata.text('tokenizer.ggml.model', model)
  metadata.text('tokenizer.ggml.pre', pre)
  metadata.texts('tokenizer.ggml.tokens', vocabulary.texts)
  if (vocabulary.scores) metadata.numbers('tokenizer.ggml.scores', vocabulary.scores)
  metadata.wholes('tokenizer.ggml.token_type', vocabulary.types)
}
