// Which tokens begin, end, separate and pad, whether they are put around a text, and the chat template: tokenizer.json's post-processor first,
// then tokenizer_config.json, then config.json. The order of precedence is that of gguf-py/gguf/vocab.py of llama.cpp 0.5.0.

import type { Fields } from '../fields.ts'
import type { Metadata } from '../metadata.ts'
import { MAX_CONFIG_BYTES, type ModelFiles } from '../model-files.ts'
import { type JsonTokenizer, SPECIAL_NAMES, tokenText } from './json-tokenizer.ts'

type Role = (typeof SPECIAL_NAMES)[number] | 'eot'
type AddedRole = 'bos' | 'eos' | 'sep'

/** `cls` has no key: the engine takes the first token of a text for it. The spelling of `sep` is llama.cpp's. */
const ID_KEYS: Partial<Record<Role, string>> = {
  bos: 'bos',
  eos: 'eos',
  unk: 'unknown',
  sep: 'seperator',
  pad: 'padding',
  mask: 'mask',
  eot: 'eot',
}

export interface SpecialTokenSources {
  files: ModelFiles
  config: Fields
  tokenizer: JsonTokenizer | undefined
  vocabularySize: number
}

export async function writeSpecialTokens(sources: SpecialTokenSources, metadata: Metadata): Promise<void> {
  const { tokenizer, config, vocabularySize } = sources
  const tokenizerConfig = await sources.files.json('tokenizer_config.json', MAX_CONFIG_BYTES)
  const texts = readTexts(tokenizerConfig)
  const added = new Map<AddedRole, boolean>()
  if (tokenizer) readPostProcessor(tokenizer.fields, { texts, added, fixed: tokenizerConfig === undefined })
  for (const [role, name] of Object.entries(ID_KEYS) as [Role, string][]) {
    const id = (tokenizerConfig && findAdded(tokenizer, texts.get(role))) ?? configuredId(config, role, texts)
    if (id !== undefined && id < vocabularySize) metadata.count(`tokenizer.ggml.${name}_token_id`, id)
  }
  for (const role of ['bos', 'eos', 'sep'] as const)
    metadata.flag(`tokenizer.ggml.add_${role}_token`, added.get(role) ?? flagOf(tokenizerConfig, `add_${role}_token`))
  if (tokenizer) readNormalizer(tokenizer.fields.fields('normalizer'), metadata)
  await writeChatTemplate(sources.files, tokenizerConfig, metadata)
}

function readTexts(config: Fields | undefined): Map<Role, string> {
  const texts = new Map<Role, string>()
  for (const role of SPECIAL_NAMES) {
    const text = tokenText(config?.value(`${role}_token`))
    if (text) texts.set(role, text)
  }
  const cls = texts.get('cls')
  const sep = texts.get('sep')
  if (!texts.has('bos') && cls !== undefined) texts.set('bos', cls)
  if (!texts.has('eos') && sep !== undefined) texts.set('eos', sep)
  return texts
}

interface Findings {
  texts: Map<Role, string>
  added: Map<AddedRole, boolean>
  /** Without a tokenizer_config.json what the template has is right by itself. */
  fixed: boolean
}

function readPostProcessor(tokenizer: Fields, findings: Findings): void {
  const whole = tokenizer.fields('post_processor')
  if (!whole) return
  const parts = whole.has('processors') ? whole.items('processors') : [whole]
  for (const part of parts) {
    const { texts, added } = findings
    switch (part.text('type')) {
      case 'ByteLevel':
        for (const role of ['bos', 'eos'] as const) if (!added.has(role)) added.set(role, false)
        break
      case 'RobertaProcessing':
        for (const role of ['bos', 'eos', 'sep'] as const) added.set(role, true)
        for (const role of ['cls', 'sep'] as const) {
          const text = part.list(role)?.[0]
          if (!texts.has(role) && typeof text === 'string') texts.set(role, text)
        }
        break
      case 'TemplateProcessing':
        readTemplate(part, findings)
    }
  }
}

/** A template says which tokens stand around one text, and between two. Simple ones only; llama.cpp has no others. */
function readTemplate(template: Fields, findings: Findings): void {
  const single = template.items('single')
  const first = single.length > 1 ? specialOf(single[0]) : undefined
  const last = single.length > 1 ? specialOf(single.at(-1)) : undefined
  if (first !== undefined) setFirst(first, findings)
  if (last !== undefined) setLast(last, findings)
  const pair = template.items('pair')
  const from = first !== undefined && specialOf(pair[0]) === first ? 1 : 0
  const to = last !== undefined && specialOf(pair.at(-1)) === last ? pair.length - 1 : pair.length
  const inner = pair.slice(from, to)
  const between = inner.slice(1, -1)
  if (sequenceOf(inner[0]) !== 'A' || sequenceOf(inner.at(-1)) !== 'B' || between.length === 0) return
  const { texts, added } = findings
  const separates = (text: string | undefined) => text !== undefined && (text === texts.get('sep') || text === texts.get('eos'))
  const alone = separates(specialOf(between[0])) && last === undefined
  const second = between.length === 2 && separates(specialOf(between[1]))
  added.set('sep', alone || second)
  const eos = texts.get('eos')
  if ((alone || second) && !texts.has('sep') && eos !== undefined) texts.set('sep', eos)
}

function setFirst(first: string, { texts, added, fixed }: Findings): void {
  if (fixed) texts.set('bos', first)
  else if (first !== texts.get('bos') && first !== texts.get('cls'))
    for (const role of ['bos', 'cls'] as const) if (!texts.has(role)) texts.set(role, first)
  added.set('bos', first === texts.get('bos') || first === texts.get('cls'))
}

/** Where the template ends a text with another token than the configured end, that one ends a turn. */
function setLast(last: string, { texts, added, fixed }: Findings): void {
  const configured = texts.get('eos')
  if (!fixed && last !== configured && configured !== undefined) texts.set('eot', configured)
  texts.set('eos', last)
  added.set('eos', true)
}

function specialOf(part: Fields | undefined): string | undefined {
  return part?.fields('SpecialToken')?.text('id')
}

function sequenceOf(part: Fields | undefined): string | undefined {
  return part?.fields('Sequence')?.text('id')
}

function findAdded(tokenizer: JsonTokenizer | undefined, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  return tokenizer?.fields
    .items('added_tokens')
    .find((item) => item.text('content') === text)
    ?.count('id')
}

/** Several ends of a text, as some models list them, are not one: the engine finds the others by their names. */
function configuredId(config: Fields, role: Role, texts: ReadonlyMap<Role, string>): number | undefined {
  if (role === 'eot' && !texts.has('eot')) return undefined
  const value = config.value(`${role}_token_id`)
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined
}

function flagOf(config: Fields | undefined, key: string): boolean | undefined {
  const value = config?.value(key)
  return typeof value === 'boolean' ? value : undefined
}

function readNormalizer(normalizer: Fields | undefined, metadata: Metadata): void {
  switch (normalizer?.text('type')) {
    case 'Lowercase':
      metadata.flag('tokenizer.ggml.normalizer.lowercase', true)
      break
    case 'StripAccents':
      metadata.flag('tokenizer.ggml.normalizer.strip_accents', true)
      break
    case 'BertNormalizer':
      metadata.flag('tokenizer.ggml.normalizer.lowercase', normalizer.flag('lowercase'))
      metadata.flag('tokenizer.ggml.normalizer.strip_accents', normalizer.flag('strip_accents'))
      break
    case 'Sequence':
      for (const part of normalizer.items('normalizers')) readNormalizer(part, metadata)
  }
}

async function writeChatTemplate(files: ModelFiles, config: Fields | undefined, metadata: Metadata): Promise<void> {
  const own = config?.value('chat_template')
  const template = own ?? (await files.text('chat_template.jinja', MAX_CONFIG_BYTES)) ?? (await templateFile(files))
  if (typeof template === 'string') metadata.text('tokenizer.chat_template', template)
  if (!Array.isArray(template) || !config) return
  const named = config.items('chat_template').map((item) => ({ name: item.text('name') ?? '', text: item.text('template') }))
  const others = named.filter(({ name, text }) => name !== '' && name !== 'default' && text !== undefined)
  const spelled = (name: string) => name.replaceAll(/[^A-Za-z0-9]/g, '_')
  for (const { name, text } of others) metadata.text(`tokenizer.chat_template.${spelled(name)}`, text)
  if (others.length > 0) metadata.texts('tokenizer.chat_templates', [...new Set(others.map(({ name }) => spelled(name)))])
  metadata.text('tokenizer.chat_template', named.find(({ name }) => name === 'default')?.text)
}

async function templateFile(files: ModelFiles): Promise<unknown> {
  return (await files.json('chat_template.json', MAX_CONFIG_BYTES))?.value('chat_template')
}
