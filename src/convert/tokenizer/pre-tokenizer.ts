// llama.cpp's name for the way in which a byte-pair tokenizer cuts a text into words. llama.cpp's own converter recognises a tokenizer by the hash
// of a text that it tokenized; here the patterns of tokenizer.json are compared, so that a changed vocabulary does not matter. A way that is not
// known is refused: a model that is fed other words than it was trained on answers worse, and nothing shows it.

import { createHash } from 'node:crypto'
import { unsupportedModel } from '../failure.ts'
import type { Fields } from '../fields.ts'
import type { JsonTokenizer } from './json-tokenizer.ts'

const CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
const TAIL = '\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+'
const WORD = '[^\\r\\n\\p{L}\\p{N}]?'
const UPPER = '[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]'
const LOWER = '[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]'

/** GPT-4's pattern, which Llama 3 took over. */
const GPT_4 = `${CONTRACTIONS}|${WORD}\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|${TAIL}`
const GPT_4O =
  `${WORD}${UPPER}*${LOWER}+${CONTRACTIONS}?|${WORD}${UPPER}+${LOWER}*${CONTRACTIONS}?|` +
  `\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|${TAIL}`
const QWEN_2 = `${CONTRACTIONS}|${WORD}\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|${TAIL}`
const QWEN_3_5 = `${CONTRACTIONS}|${WORD}[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|${TAIL}`
const TEKKEN = `${WORD}${UPPER}*${LOWER}+|${WORD}${UPPER}+${LOWER}*|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|${TAIL}`

const BYTE_LEVEL = 'words of GPT-2'
const DIGITS = 'single digits'

/** Steps, joined by line feeds. */
const KNOWN: ReadonlyMap<string, string> = new Map([
  [QWEN_2, 'qwen2'],
  [QWEN_3_5, 'qwen35'],
  [TEKKEN, 'tekken'],
  [GPT_4O, 'gpt-4o'],
  [BYTE_LEVEL, 'gpt-2'],
  [`${DIGITS}\n${BYTE_LEVEL}`, 'smollm'],
])

/** SHA-256 of all patterns one behind the other, of tokenizers whose patterns are too long to show. */
const KNOWN_HASHES: ReadonlyMap<string, string> = new Map([
  ['03df5c5863ad70781dcfdef491ead25140f895fe8010964be0daefe27be32b02', 'deepseek-llm'],
  ['21cde974d587f0d54dc8d56b183cc1e6239600172035c68fbd6d4b9f8da0576e', 'deepseek-coder'],
])

export function detectPreTokenizer({ fields, model }: JsonTokenizer): string {
  const steps = listSteps(fields.fields('pre_tokenizer'))
  const joined = steps.map(({ text }) => text).join('\n')
  // Llama 3 looks a word up whole before it merges; the others with its pattern do not.
  if (joined === GPT_4) return model.flag('ignore_merges') ? 'llama-bpe' : 'dbrx'
  const patterns = steps.filter(({ isPattern }) => isPattern).map(({ text }) => text)
  const known = KNOWN.get(joined) ?? KNOWN_HASHES.get(createHash('sha256').update(patterns.join('')).digest('hex'))
  if (known !== undefined) return known
  throw unsupportedModel(`tokenizer.json cuts words in a way that is not known (${joined === '' ? 'none' : joined.slice(0, 200)})`)
}

interface Step {
  text: string
  isPattern: boolean
}

function listSteps(pre: Fields | undefined): Step[] {
  switch (pre?.text('type')) {
    case undefined:
      return []
    case 'Sequence':
      return pre?.items('pretokenizers').flatMap(listSteps) ?? []
    case 'ByteLevel':
      return pre?.flag('use_regex') === false ? [] : [{ text: BYTE_LEVEL, isPattern: false }]
    case 'Digits':
      return [{ text: pre?.flag('individual_digits') ? DIGITS : 'digits', isPattern: false }]
    case 'Split': {
      const pattern = pre?.fields('pattern')
      return [{ text: pattern?.text('Regex') ?? `text ${pattern?.text('String')}`, isPattern: pattern?.has('Regex') ?? false }]
    }
    default:
      return [{ text: pre?.text('type') ?? '', isPattern: false }]
  }
}
