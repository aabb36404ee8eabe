import { describe, expect, it } from 'vitest'
import { Fields } from '../fields.ts'
import { Metadata } from '../metadata.ts'
import { createModelFiles } from '../model-files.ts'
import { putFolder } from '../testing/folder-on-disk.ts'
import { byteFallbackTokenizer, byteLevelSize, byteLevelTokenizer, sentencePieces } from '../testing/tokenizer-files.ts'
import { writeByteFallback, writeByteLevel } from './byte-pair.ts'
import { type JsonTokenizer, readJsonTokenizer } from './json-tokenizer.ts'
import { MAX_VOCABULARY, TOKEN } from './vocabulary.ts'

async function read(tokenizer: unknown, config?: object): Promise<JsonTokenizer> {
  await using source = await putFolder({ 'tokenizer.json': tokenizer as object, ...(config ? { 'tokenizer_config.json': config } : {}) })
  const found = await readJsonTokenizer(createModelFiles(source.paths))
  if (!found) throw new Error('there is no tokenizer')
  return found
}

function withModel(fields: Record<string, unknown>): Record<string, unknown> {
  const tokenizer = byteLevelTokenizer({})
  return { ...tokenizer, model: { ...(tokenizer.model as object), ...fields } }
}

describe('a byte-level tokenizer', () => {
  it('leaves tokens out that the model has no row for, and fills rows without a token', async () => {
    const tokenizer = await read(byteLevelTokenizer({ added: [{ content: '<far>', special: true }] }))
    const fewer = writeByteLevel(tokenizer, byteLevelSize(), new Metadata('llama'))
    expect(fewer.texts).not.toContain('<far>')
    const more = writeByteLevel(tokenizer, byteLevelSize() + 2, new Metadata('llama'))
    expect(more.texts.slice(-2)).toEqual(['<far>', `[PAD${byteLevelSize() + 1}]`])
    expect(more.types.slice(-2)).toEqual([TOKEN.control, TOKEN.unused])
  })

  it('has as special what the configuration calls so, in the vocabulary or behind it', async () => {
    const config = { eos_token: 'user', pad_token: { content: '<new>' }, additional_special_tokens: ['<more>'] }
    const tokenizer = await read(byteLevelTokenizer({}), config)
    const vocabulary = writeByteLevel(tokenizer, undefined, new Metadata('llama'))
    expect(vocabulary.types[vocabulary.texts.indexOf('user')]).toBe(TOKEN.control)
    expect(vocabulary.texts.slice(byteLevelSize())).toEqual(['<new>', '<more>'])
  })

  it('spells a space inside a merge as GPT-2 does', async () => {
    const metadata = new Metadata('llama')
    writeByteLevel(await read(withModel({ merges: [[' ', 'a b']] })), undefined, metadata)
    const entry = metadata.entries.find(({ key }) => key === 'tokenizer.ggml.merges')
    expect(entry).toMatchObject({ values: ['\u0120 a\u0120b'] })
  })

  it.each<[string, Record<string, unknown>, string]>([
    ['no merges', { merges: [] }, 'tokenizer.json has no merges'],
    ['a merge of three', { merges: [['a', 'b', 'c']] }, 'a merge is ["a","b","c"]'],
    ['a merge of one', { merges: ['ab'] }, 'a merge is "ab"'],
    ['an id that is a text', { vocab: { a: '1' } }, '"a" has the id "1"'],
    ['an id beyond the limit', { vocab: { a: MAX_VOCABULARY } }, `not one below ${MAX_VOCABULARY}`],
    ['an id below zero', { vocab: { a: -1 } }, '"a" has the id -1'],
  ])('is refused with %s', async (_, model, message) => {
    await expect((async () => writeByteLevel(await read(withModel(model)), undefined, new Metadata('llama')))()).rejects.toThrow(message)
  })

  it('is refused with added tokens that are none', async () => {
    await expect(read({ ...byteLevelTokenizer({}), added_tokens: [7] })).rejects.toThrow('added_tokens[0] is not a JSON object')
    await expect(read({ ...byteLevelTokenizer({}), added_tokens: [{ content: 'x' }] })).rejects.toThrow('an added token" has the id')
    await expect(read(byteLevelTokenizer({}), { added_tokens_decoder: { x: { content: 'x' } } })).rejects.toThrow('has the id null')
  })
})

describe('a tokenizer over characters', () => {
  it('prefers what was merged first, and knows its bytes', async () => {
    const pieces = sentencePieces(['<unk>', '<s>', '</s>'])
    const { texts, types, scores = [] } = writeByteFallback(await read(byteFallbackTokenizer(pieces)), pieces.length, new Metadata('llama'))
    const score = (text: string) => scores[texts.indexOf(text)] ?? Number.NaN
    expect(score('th')).toBeGreaterThan(score('the'))
    expect(score('the')).toBeGreaterThan(score('\u2581the'))
    expect(types[texts.indexOf('<0x0A>')]).toBe(TOKEN.byte)
    expect(types[texts.indexOf('<s>')]).toBe(TOKEN.control)
    expect(types[texts.indexOf('the')]).toBe(TOKEN.normal)
  })
})

it('is read from a file whose model is nothing', async () => {
  await using source = await putFolder({ 'tokenizer.json': {} })
  expect(await readJsonTokenizer(createModelFiles(source.paths))).toBeUndefined()
  expect(new Fields('x', {}).keys).toEqual([])
})
