// The texts behind which a prompt may be cut without changing its tokens: those of the special tokens that end a message. The engine itself takes a
// text apart at its special tokens, longest first, and tokenizes what is between two of them by itself. So a cut is safe behind such a text, unless
// another special token could have a part of it, or white space beside it goes with it.

import type { LlamaApi, ModelPointer, VocabularyPointer } from './api.ts'
import { metaValue } from './metadata.ts'

/** Kinds of tokenizers that treat each piece by itself. The others are rare in models that chat. */
const TOKENIZERS: readonly (string | undefined)[] = ['llama', 'gpt2', 'gemma4']

/** llama.h, `llama_token_attr`. */
const ATTRIBUTES = { unknown: 1, control: 8, userDefined: 16, leftStrip: 128, rightStrip: 256 }
const SPECIAL = ATTRIBUTES.unknown | ATTRIBUTES.control | ATTRIBUTES.userDefined
const STRIPS = ATTRIBUTES.leftStrip | ATTRIBUTES.rightStrip

/**
 * Undefined where the tokens of a text are more than the token that may come first and those of its parts, one after the other. Looks at every
 * token of the vocabulary, which takes some milliseconds.
 */
export function readSegmentMarks(api: LlamaApi, model: ModelPointer): string[] | undefined {
  const vocabulary = api.modelGetVocab(model)
  if (!TOKENIZERS.includes(metaValue(api, model, 'tokenizer.ggml.model')) || api.vocabularyAddsEos(vocabulary)) return undefined
  const marks = endMarks(api, vocabulary)
  if (marks.length === 0) return []
  const others = specialTexts(api, vocabulary)
  return marks.filter((mark) => !others.some((other) => takesPartOf(mark, other)))
}

function endMarks(api: LlamaApi, vocabulary: VocabularyPointer): string[] {
  const tokens = [api.vocabularyEos(vocabulary), api.vocabularyEot(vocabulary)].filter((token) => token >= 0)
  const texts = tokens.flatMap((token) => {
    const attributes = api.vocabularyAttributes(vocabulary, token)
    return attributes & ATTRIBUTES.control && !(attributes & STRIPS) ? [api.vocabularyText(vocabulary, token)] : []
  })
  return [...new Set(texts)].filter((text) => text !== '')
}

function specialTexts(api: LlamaApi, vocabulary: VocabularyPointer): string[] {
  const texts: string[] = []
  const size = api.vocabularySize(vocabulary)
  for (let token = 0; token < size; token++) {
    if (api.vocabularyAttributes(vocabulary, token) & SPECIAL) texts.push(api.vocabularyText(vocabulary, token))
  }
  return texts
}

/** Whether somewhere `other` can stand that has some of the mark and something beside it. */
export function takesPartOf(mark: string, other: string): boolean {
  if (other === mark) return false
  if (other.includes(mark)) return true
  for (let length = 1; length < Math.min(mark.length, other.length); length++) {
    if (mark.endsWith(other.slice(0, length)) || mark.startsWith(other.slice(-length))) return true
  }
  return false
}
