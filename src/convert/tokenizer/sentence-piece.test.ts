import { describe, expect, it } from 'vitest'
import { Metadata } from '../metadata.ts'
import { createModelFiles } from '../model-files.ts'
import { putFolder } from '../testing/folder-on-disk.ts'
import type { FolderFiles } from '../testing/folder-parts.ts'
import { sentencePieceModel, sentencePieces } from '../testing/tokenizer-files.ts'
import { parsePieces, writeSentencePiece } from './sentence-piece.ts'
import { TOKEN } from './vocabulary.ts'

const PIECES = sentencePieces(['<unk>', '<s>', '</s>'], ['<call>'])
const MODEL = sentencePieceModel(PIECES)

describe('a SentencePiece model', () => {
  it('has the pieces that were put in', () => {
    const found = parsePieces(MODEL)
    expect(found.map(({ text, score, type }) => [text, score, type])).toEqual(PIECES.map(([text, score, type]) => [text, score, type]))
  })

  it('is refused wherever it is cut inside its first piece', () => {
    const [, contentBytes = 0] = MODEL
    const firstBytes = 2 + contentBytes
    for (let length = 0; length < firstBytes; length++)
      expect(() => parsePieces(MODEL.subarray(0, length))).toThrow(expect.objectContaining({ code: 'invalid_gguf' }))
    expect(parsePieces(MODEL.subarray(0, firstBytes))).toEqual([{ text: '<unk>', score: 0, type: TOKEN.unknown }])
  })

  it.each<[string, number[], string]>([
    ['nothing', [], 'it is no SentencePiece model'],
    ['another message', [0x10, 0x01], 'it is no SentencePiece model'],
    ['a length beyond its end', [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f], 'ends inside a field of 4294967295 bytes'],
    ['a number without end', [0x0a, ...new Array<number>(11).fill(0xff)], 'a number of more than 10 bytes'],
    ['a piece that is a number', [0x08, 0x01], 'a piece is no message'],
    ['a field of a kind that is none', [0x0f], 'a field of the unknown kind 7'],
    ['a piece of a type that is none', [0x0a, 0x02, 0x18, 0x09], 'a piece has the type 9'],
    ['a text', [...new TextEncoder().encode('version https://git-lfs.github.com/spec/v1')], 'tokenizer.model'],
  ])('is refused with %s', (_, bytes, message) => {
    expect(() => parsePieces(Uint8Array.from(bytes))).toThrow(message)
  })
})

async function write(files: FolderFiles, size: number) {
  await using source = await putFolder({ 'tokenizer.model': MODEL, ...files })
  return await writeSentencePiece(createModelFiles(source.paths), size, new Metadata('llama'))
}

describe('a vocabulary of pieces', () => {
  it('has a place for each row of the model', async () => {
    const vocabulary = await write({}, PIECES.length + 1)
    expect(vocabulary?.texts.at(-1)).toBe(`[PAD${PIECES.length}]`)
    expect(vocabulary?.types.at(-1)).toBe(TOKEN.unused)
    expect(vocabulary?.types[3]).toBe(TOKEN.normal)
  })

  it('leaves tokens out that the model has no row for', async () => {
    const files = {
      'added_tokens.json': { '<far>': 9_999_999 },
      'tokenizer_config.json': { added_tokens_decoder: { 123456789: { content: '<x>' }, '-1': { content: '<y>' }, z: { content: '<z>' } } },
    }
    expect((await write(files, 5))?.texts).toEqual(PIECES.slice(0, 5).map(([text]) => text))
  })

  it('marks tokens as control that look so, and those that are', async () => {
    const decoder = { 3: { content: '<|call|>' }, 4: { content: 'tool', special: true }, 5: { content: '\u2581x' } }
    const vocabulary = await write({ 'tokenizer_config.json': { added_tokens_decoder: decoder } }, PIECES.length)
    expect(vocabulary?.texts.slice(3, 6)).toEqual(['<|call|>', 'tool', ' x'])
    expect(vocabulary?.types.slice(3, 6)).toEqual([TOKEN.control, TOKEN.control, TOKEN.userDefined])
  })
})
