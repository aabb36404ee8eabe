import { describe, expect, it } from 'vitest'
import { Fields } from '../fields.ts'
import { detectPreTokenizer } from './pre-tokenizer.ts'

function detect(preTokenizer: unknown, model: Record<string, unknown> = {}): string {
  const fields = new Fields('tokenizer.json', { pre_tokenizer: preTokenizer })
  return detectPreTokenizer({ kind: 'BPE', fields, model: new Fields('model', model), tokens: new Map(), added: new Map() })
}

const split = (Regex: string) => ({ type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false })
const bytes = (fields: Record<string, unknown> = {}) => ({ type: 'ByteLevel', add_prefix_space: false, ...fields })
const sequence = (...pretokenizers: unknown[]) => ({ type: 'Sequence', pretokenizers })
/** As the tokenizer.json of Llama 3 has it. */
const GPT_4 =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"

describe('the name of a word cutter', () => {
  it.each<[string, unknown, Record<string, unknown>]>([
    ['llama-bpe', sequence(split(GPT_4), bytes({ use_regex: false })), { ignore_merges: true }],
    ['dbrx', sequence(split(GPT_4), bytes({ use_regex: false })), {}],
    ['qwen2', sequence(split(GPT_4.replace('{1,3}', '')), bytes({ use_regex: false })), {}],
    [
      'qwen35',
      sequence(
        split(GPT_4.replace('?\\p{L}+', '?[\\p{L}\\p{M}]+').replace('\\p{L}\\p{N}]+[', '\\p{L}\\p{M}\\p{N}]+[').replace('{1,3}', '')),
      ),
      {},
    ],
    ['gpt-2', bytes(), {}],
    ['gpt-2', sequence(bytes({ use_regex: true })), {}],
    ['smollm', sequence({ type: 'Digits', individual_digits: true }, bytes()), {}],
  ])('%s', (name, preTokenizer, model) => {
    expect(detect(preTokenizer, model)).toBe(name)
  })

  it.each([
    ['no cutter', null],
    ['another pattern', sequence(split('\\w+'), bytes({ use_regex: false }))],
    ['one step more', sequence(split(GPT_4), { type: 'Digits', individual_digits: true }, bytes({ use_regex: false }))],
    ['a cutter by spaces', { type: 'Whitespace' }],
    ['a text that is cut at', sequence({ type: 'Split', pattern: { String: ' ' } })],
  ])('is not guessed of %s', (_, preTokenizer) => {
    expect(() => detect(preTokenizer)).toThrow('cuts words in a way that is not known')
  })
})
