// Byte-pair vocabularies of tokenizer.json: those over bytes in GPT-2's spelling become `gpt2`, those over characters with a byte token for the
// rest, as Llama 2's and Gemma's, become `llama`, which is what SentencePiece would have said of them.

import { isRecord } from '../../base/json.ts'
import { invalidModel } from '../failure.ts'
import type { Fields } from '../fields.ts'
import type { Metadata } from '../metadata.ts'
import type { JsonTokenizer } from './json-tokenizer.ts'
import { detectPreTokenizer } from './pre-tokenizer.ts'
import { createVocabulary, looksSpecial, TOKEN, type Vocabulary, writeVocabularyEntries } from './vocabulary.ts'

const SPACE_MARK = '\u2581'
const ADDED_SCORE = -1000

/** Tokens beyond the model's rows are left out. */
export function readTokens(tokenizer: JsonTokenizer, size: number | undefined): Vocabulary {
  const largest = [...tokenizer.tokens.keys()].reduce((most, id) => Math.max(most, id), -1)
  const vocabulary = createVocabulary(size ?? largest + 1, { scored: false })
  for (const [id, text] of tokenizer.tokens) {
    if (id >= vocabulary.texts.length) continue
    const added = tokenizer.added.get(id)
    const isControl = added !== undefined && (added.special || looksSpecial(text))
    vocabulary.types[id] = !added ? TOKEN.normal : isControl ? TOKEN.control : TOKEN.userDefined
    vocabulary.texts[id] = added && !isControl ? text.replaceAll(SPACE_MARK, ' ') : text
  }
  return vocabulary
}

export function writeByteLevel(tokenizer: JsonTokenizer, size: number | undefined, metadata: Metadata): Vocabulary {
  const vocabulary = readTokens(tokenizer, size)
  const merges = readMerges(tokenizer.model)
  if (merges.length === 0) throw invalidModel('tokenizer.json has no merges')
  writeVocabularyEntries(vocabulary, metadata, { model: 'gpt2', pre: detectPreTokenizer(tokenizer) })
  // A space divides the two parts, so one inside a part is spelled as GPT-2 spells it.
  const spelled = (part: string) => part.replaceAll(' ', '\u0120')
  metadata.texts(
    'tokenizer.ggml.merges',
    merges.map(([left, right]) => `${spelled(left)} ${spelled(right)}`),
  )
  return vocabulary
}

/** The engine joins the pair whose whole has the highest score first: the earlier a merge, the higher its score. */
export function writeByteFallback(tokenizer: JsonTokenizer, size: number | undefined, metadata: Metadata): Vocabulary {
  const vocabulary = readTokens(tokenizer, size)
  const ranks = new Map<string, number>()
  for (const [rank, [left, right]] of readMerges(tokenizer.model).entries()) if (!ranks.has(left + right)) ranks.set(left + right, rank)
  const unknown = tokenizer.model.text('unk_token')
  vocabulary.scores = vocabulary.texts.map((text, id) => {
    if (tokenizer.added.has(id)) return ADDED_SCORE
    if (/^<0x[0-9A-Fa-f]{2}>$/.test(text)) vocabulary.types[id] = TOKEN.byte
    else if (text === unknown) vocabulary.types[id] = TOKEN.unknown
    return vocabulary.types[id] === TOKEN.unused ? -10_000 : -(ranks.get(text) ?? 0)
  })
  writeVocabularyEntries(vocabulary, metadata, { model: 'llama', pre: 'default' })
  return vocabulary
}

function readMerges(model: Fields): [string, string][] {
  return (model.list('merges') ?? []).map((merge): [string, string] => {
    if (typeof merge === 'string') {
      const space = merge.indexOf(' ', 1)
      if (space > 0) return [merge.slice(0, space), merge.slice(space + 1)]
    } else if (Array.isArray(merge) && merge.length === 2 && typeof merge[0] === 'string' && typeof merge[1] === 'string') {
      return [merge[0], merge[1]]
    }
    throw invalidModel(`tokenizer.json: a merge is ${(isRecord(merge) ? 'an object' : JSON.stringify(merge)).slice(0, 80)}`)
  })
}
