// A real vocabulary, small: byte-level BPE as GPT-2 has it (256 bytes and a few merged words), and the special tokens of ChatML.

import type { GgufEntry } from '../writer.ts'

export interface TinyVocabulary {
  tokens: string[]
  types: number[]
  merges: string[]
}

const END_OF_TEXT = '<|endoftext|>'
const TURN_START = '<|im_start|>'
export const TURN_END = '<|im_end|>'

const NORMAL = 1
const CONTROL = 3
const WORDS = ['user', 'assistant', 'system', ' the', ' llama', 'Hello']

/** `extra` pieces become tokens of their own, without merges: only the model can say them. */
export function createVocabulary(extra: readonly string[] = []): TinyVocabulary {
  const specials = [END_OF_TEXT, TURN_START, TURN_END]
  const merges: string[] = []
  const words: string[] = []
  for (const word of WORDS) addMerges([...toVisible(word)], merges, words)
  const pieces = [...new Set(extra.map(toVisible))].filter((piece) => [...piece].length > 1 && !words.includes(piece))
  const bytes = Array.from({ length: 256 }, (_, byte) => visibleByte(byte))
  const tokens = [...specials, ...bytes, ...words, ...pieces]
  return { tokens, merges, types: tokens.map((_, id) => (id < specials.length ? CONTROL : NORMAL)) }
}

export function tokenId({ tokens }: TinyVocabulary, text: string): number {
  const special = tokens.indexOf(text)
  const id = special >= 0 ? special : tokens.indexOf(toVisible(text))
  if (id < 0) throw new Error(`the tiny vocabulary has no token ${JSON.stringify(text)}`)
  return id
}

export function vocabularyEntries(vocabulary: TinyVocabulary): GgufEntry[] {
  return [
    { key: 'tokenizer.ggml.model', type: 'string', value: 'gpt2' },
    { key: 'tokenizer.ggml.pre', type: 'string', value: 'gpt-2' },
    { key: 'tokenizer.ggml.tokens', type: 'array', itemType: 'string', values: vocabulary.tokens },
    { key: 'tokenizer.ggml.token_type', type: 'array', itemType: 'int32', values: vocabulary.types },
    { key: 'tokenizer.ggml.merges', type: 'array', itemType: 'string', values: vocabulary.merges },
    { key: 'tokenizer.ggml.bos_token_id', type: 'uint32', value: tokenId(vocabulary, TURN_START) },
    { key: 'tokenizer.ggml.eos_token_id', type: 'uint32', value: tokenId(vocabulary, TURN_END) },
    { key: 'tokenizer.ggml.padding_token_id', type: 'uint32', value: tokenId(vocabulary, END_OF_TEXT) },
    { key: 'tokenizer.ggml.add_bos_token', type: 'bool', value: false },
  ]
}

/** Merges from left to right: `us`, `use`, `user`. */
function addMerges(letters: readonly string[], merges: string[], words: string[]): void {
  let left = letters[0] ?? ''
  for (const letter of letters.slice(1)) {
    const merge = `${left} ${letter}`
    left += letter
    if (words.includes(left)) continue
    merges.push(merge)
    words.push(left)
  }
}

function toVisible(text: string): string {
  return Array.from(new TextEncoder().encode(text), visibleByte).join('')
}

/** GPT-2 writes the bytes that are no printable Latin-1 characters as U+0100 and up, in order. */
function visibleByte(byte: number): string {
  if (isPrintable(byte)) return String.fromCodePoint(byte)
  let rank = 0
  for (let other = 0; other < byte; other++) if (!isPrintable(other)) rank++
  return String.fromCodePoint(256 + rank)
}

function isPrintable(byte: number): boolean {
  return (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174
}
