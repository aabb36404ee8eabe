// tokenizer.json of Hugging Face's tokenizers, as far as a vocabulary needs it, with what tokenizer_config.json adds.

import { isRecord } from '../../base/json.ts'
import { invalidModel } from '../failure.ts'
import type { Fields } from '../fields.ts'
import { MAX_CONFIG_BYTES, MAX_TOKENIZER_BYTES, type ModelFiles } from '../model-files.ts'
import { MAX_VOCABULARY } from './vocabulary.ts'

export interface AddedToken {
  id: number
  text: string
  special: boolean
}

export interface JsonTokenizer {
  /** BPE, WordPiece, Unigram, WordLevel. */
  kind: string
  model: Fields
  /** By id; of two texts with one id the later one. */
  tokens: ReadonlyMap<number, string>
  added: ReadonlyMap<number, AddedToken>
  fields: Fields
}

/** What tokenizer_config.json may call special. */
export const SPECIAL_NAMES = ['bos', 'eos', 'unk', 'sep', 'pad', 'cls', 'mask'] as const

export async function readJsonTokenizer(files: ModelFiles): Promise<JsonTokenizer | undefined> {
  const fields = await files.json('tokenizer.json', MAX_TOKENIZER_BYTES)
  const model = fields?.fields('model')
  if (!fields || !model) return undefined
  const ids = readIds(model)
  const tokens = new Map([...ids].map(([text, id]) => [id, text]))
  const added = readAdded(fields, await files.json('tokenizer_config.json', MAX_CONFIG_BYTES), ids)
  for (const { id, text } of added.values()) tokens.set(id, text)
  return { kind: model.text('type') ?? guessKind(model), model, tokens, added, fields }
}

/** A token of a configuration: a text, or an object with the text in it. */
export function tokenText(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return isRecord(value) && typeof value.content === 'string' ? value.content : undefined
}

function readIds(model: Fields): Map<string, number> {
  const vocabulary = model.value('vocab')
  const ids = new Map<string, number>()
  if (Array.isArray(vocabulary)) {
    for (const [id, item] of vocabulary.entries()) ids.set(Array.isArray(item) ? String(item[0]) : String(item), id)
  } else if (isRecord(vocabulary)) {
    for (const [text, id] of Object.entries(vocabulary)) ids.set(text, checkId(id, text))
  }
  if (ids.size > MAX_VOCABULARY) throw invalidModel(`tokenizer.json has ${ids.size} tokens, the limit is ${MAX_VOCABULARY}`)
  return ids
}

function readAdded(fields: Fields, config: Fields | undefined, ids: ReadonlyMap<string, number>): Map<number, AddedToken> {
  const added = new Map<number, AddedToken>()
  const put = (id: number, text: string, special: boolean) => {
    if (!added.has(id)) added.set(id, { id, text, special })
  }
  for (const item of fields.items('added_tokens'))
    put(checkId(item.value('id'), 'an added token'), item.text('content') ?? '', item.flag('special') ?? false)
  const decoder = config?.fields('added_tokens_decoder')
  for (const key of decoder?.keys ?? []) {
    const item = decoder?.fields(key)
    put(checkId(Number(key), 'an added token'), item?.text('content') ?? '', item?.flag('special') ?? false)
  }
  const known = new Set([...added.values()].map(({ text }) => text))
  for (const text of specialTexts(config)) {
    if (known.has(text)) continue
    known.add(text)
    put(ids.get(text) ?? nextId(ids, added), text, true)
  }
  return added
}

function specialTexts(config: Fields | undefined): string[] {
  const named = SPECIAL_NAMES.map((name) => config?.value(`${name}_token`))
  const more = config?.value('additional_special_tokens')
  return [...named, ...(Array.isArray(more) ? more : [])].map(tokenText).filter((text) => text !== undefined)
}

function nextId(ids: ReadonlyMap<string, number>, added: ReadonlyMap<number, AddedToken>): number {
  let next = ids.size
  for (const id of added.keys()) next = Math.max(next, id + 1)
  return next
}

/** Older files name no type. */
function guessKind(model: Fields): string {
  if (model.has('merges')) return 'BPE'
  return Array.isArray(model.value('vocab')) ? 'Unigram' : 'WordPiece'
}

function checkId(id: unknown, text: string): number {
  if (typeof id === 'number' && Number.isSafeInteger(id) && id >= 0 && id < MAX_VOCABULARY) return id
  throw invalidModel(
    `tokenizer.json: ${JSON.stringify(text.slice(0, 80))} has the id ${JSON.stringify(id)}, not one below ${MAX_VOCABULARY}`,
  )
}
