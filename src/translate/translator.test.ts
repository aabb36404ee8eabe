import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { isAppError } from '../base/errors.ts'
import { silentLog } from '../base/log.ts'
import { convertFloats } from '../gguf/half-floats.ts'
import { readGgufHead } from '../gguf/head.ts'
import { type TinyFile, tinyBytes } from './testing/tiny-file.ts'
import { createTranslator, type TranslatorOptions } from './translator.ts'

const HEX = 'ab'.repeat(32)

let root: string
let source: string
let folder: string
beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'llamero-translate-'))
  source = path.join(root, `sha256-${HEX}`)
  folder = path.join(root, 'cache', 'translated')
})
afterEach(() => {
  if (existsSync(folder)) chmodSync(folder, 0o700)
  rmSync(root, { recursive: true })
})

const translator = (options: Partial<TranslatorOptions> = {}) => createTranslator({ folder, log: silentLog, ...options })

async function writeSource(file: TinyFile): Promise<void> {
  writeFileSync(source, await tinyBytes(file))
}

function floats(...values: number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer)
}

function halves(...values: number[]): Uint8Array {
  return convertFloats(floats(...values), 'F32', { to: 'F16' })
}

/** By name, of the copy: all tensors are F32. */
async function numbersOf(file: string): Promise<Record<string, number[]>> {
  const { tensors, dataOffsetBytes } = await readGgufHead(file)
  const bytes = readFileSync(file)
  return Object.fromEntries(
    tensors.map(({ name, type, offsetBytes, sizeBytes }) => {
      expect(type).toBe('F32')
      const data = bytes.subarray(dataOffsetBytes + offsetBytes, dataOffsetBytes + offsetBytes + sizeBytes)
      return [name, [...new Float32Array(new Uint8Array(data).buffer)]]
    }),
  )
}

const OLMO: TinyFile = {
  keys: { 'general.architecture': 'olmo3', 'olmo3.block_count': 1, 'tokenizer.ggml.tokens': ['\ufeff', 'a'] },
  tensors: { 'token_embd.weight': { type: 'F32', shape: [2, 2], data: floats(1, 2, 3, 4) } },
}
const COPY = `${HEX}-text-1.gguf`

describe('a translated copy', () => {
  it('is made once, has the digest of its source in its name, and is then taken as it is', async () => {
    await writeSource(OLMO)
    const log = { ...silentLog, info: vi.fn() }
    const translate = translator({ log })
    const before = readFileSync(source)
    expect(await translate({ path: source, part: 'text' })).toBe(path.join(folder, COPY))
    expect(await translate({ path: source, part: 'text' })).toBe(path.join(folder, COPY))
    expect(log.info).toHaveBeenCalledTimes(1)
    expect(log.info.mock.calls[0]?.[0]).toContain('is translated once')
    expect(readdirSync(folder)).toEqual([COPY])
    const head = await readGgufHead(path.join(folder, COPY), { arrays: 'values' })
    expect(head.metadata.get('olmo2.block_count')).toBe(1)
    expect(head.metadata.get('tokenizer.ggml.tokens')).toMatchObject({ values: ['\ufeff', 'a'] })
    expect(await numbersOf(path.join(folder, COPY))).toEqual({ 'token_embd.weight': [1, 2, 3, 4] })
    expect(readFileSync(source)).toEqual(before)
  })

  it('of a file in the layout of the engine is the file', async () => {
    await writeSource({ keys: { 'general.architecture': 'olmo2' } })
    expect(await translator()({ path: source, part: 'text' })).toBe(source)
    expect(existsSync(folder)).toBe(false)
  })

  it('is made again when it was cut', async () => {
    await writeSource(OLMO)
    const copy = await translator()({ path: source, part: 'text' })
    const whole = readFileSync(copy)
    truncateSync(copy, whole.length - 32)
    await translator()({ path: source, part: 'text' })
    expect(readFileSync(copy)).toEqual(whole)
  })

  it('takes the place of those by older versions, and of nothing else', async () => {
    await writeSource(OLMO)
    await translator()({ path: source, part: 'text' })
    const others = [`${HEX}-projector-0.gguf`, `${'cd'.repeat(32)}-text-0.gguf`]
    for (const name of [...others, `${HEX}-text-0.gguf`]) writeFileSync(path.join(folder, name), 'x')
    rmSync(path.join(folder, COPY))
    await translator()({ path: source, part: 'text' })
    expect(readdirSync(folder).toSorted()).toEqual([COPY, ...others].toSorted())
  })

  it('tells how far it is', async () => {
    await writeSource(OLMO)
    const seen: number[] = []
    const copy = await translator()({ path: source, part: 'text', onProgress: (bytes) => seen.push(bytes) })
    expect(seen.at(-1)).toBe(readFileSync(copy).length)
  })

  it('leaves nothing when it is called off', async () => {
    await writeSource(OLMO)
    const controller = new AbortController()
    const made = translator()({ path: source, part: 'text', signal: controller.signal, onProgress: () => controller.abort() })
    await expect(made).rejects.toMatchObject({ code: 'cancelled' })
    expect(readdirSync(folder)).toEqual([])
  })

  it('is not begun where the disk has no room, and says how much is wanted', async () => {
    await writeSource(OLMO)
    const made = translator({ freeBytes: async () => 10 })({ path: source, part: 'text' })
    await expect(made).rejects.toMatchObject({ code: 'disk_full', details: { freeBytes: 10 } })
    await expect(made).rejects.toThrow('LLAMERO_HOME')
    expect(readdirSync(folder)).toEqual([])
  })

  it('is done without where the engine reads the source too, and a warning says so', async () => {
    const tokens = new Array<string>(128_010).fill('x')
    tokens[128_009] = '<|eot_id|>'
    await writeSource({ keys: { 'general.architecture': 'llama', 'tokenizer.ggml.model': 'gpt2', 'tokenizer.ggml.tokens': tokens } })
    const log = { ...silentLog, warn: vi.fn() }
    expect(await translator({ log, freeBytes: async () => 10 })({ path: source, part: 'text' })).toBe(source)
    expect(log.warn).toHaveBeenCalledTimes(1)
    expect(await translator({ log })({ path: source, part: 'text' })).toBe(path.join(folder, COPY))
  })

  it('says what to do where its folder cannot be made', async () => {
    await writeSource(OLMO)
    writeFileSync(path.join(root, 'cache'), 'a file')
    const made = translator()({ path: source, part: 'text' })
    await expect(made).rejects.toSatisfy((error) => isAppError(error, 'load_failed'))
    await expect(made).rejects.toThrow(/cannot be written into the cache folder \(E\w+\).*LLAMERO_HOME/)
  })
})

describe('numbers that change places', () => {
  it('rows of a head that rotate together come to lie beside each other', async () => {
    // Two heads of four rows: the engine wants them in the order 0 2 1 3.
    const rows = Array.from({ length: 8 }, (_, row) => row)
    await writeSource({
      keys: {
        'general.architecture': 'mistral3',
        'mistral3.embedding_length': 2,
        'mistral3.vision.attention.head_count': 2,
      },
      tensors: {
        'v.blk.0.attn_q.weight': { type: 'F32', shape: [2, 8], data: floats(...rows.flatMap((row) => [row, row + 0.5])) },
        'v.blk.0.attn_v.weight': { type: 'F32', shape: [1, 8], data: floats(...rows) },
      },
    })
    const numbers = await numbersOf(await translator()({ path: source, part: 'projector' }))
    expect(numbers['v.blk.0.attn_q.weight']).toEqual([0, 2, 1, 3, 4, 6, 5, 7].flatMap((row) => [row, row + 0.5]))
    expect(numbers['v.blk.0.attn_v.weight']).toEqual(rows)
    expect(numbers['v.token_embd.img_break']).toEqual([0, 0])
  })

  it('three projections of different types become one of F32, and a patch of two frames two patches', async () => {
    const scaled = new Uint8Array(34)
    scaled.set(halves(0.5), 0)
    scaled.set(
      Array.from({ length: 32 }, (_, index) => index),
      2,
    )
    const ones = new Array<number>(32).fill(1)
    // One pixel, two frames, two outputs of two channels: frame 0 has even numbers.
    const patch = halves(0, 1, 2, 3, 4, 5, 6, 7)
    await writeSource({
      keys: { 'general.architecture': 'qwen3vl', 'qwen3vl.vision.block_count': 1, 'qwen3vl.vision.num_channels': 2 },
      tensors: {
        'v.blk.0.attn_q.weight': { type: 'F16', shape: [32, 1], data: halves(...ones) },
        'v.blk.0.attn_k.weight': { type: 'F32', shape: [32, 1], data: floats(...ones.map(() => 2)) },
        'v.blk.0.attn_v.weight': { type: 'Q8_0', shape: [32, 1], data: scaled },
        'v.patch_embed.weight': { type: 'F16', shape: [1, 1, 2, 4], data: patch },
      },
    })
    const numbers = await numbersOf(await translator()({ path: source, part: 'projector' }))
    expect(numbers['v.blk.0.attn_qkv.weight']).toEqual([...ones, ...ones.map(() => 2), ...ones.map((_, index) => index / 2)])
    expect(numbers['v.patch_embd.weight']).toEqual([0, 2, 4, 6])
    expect(numbers['v.patch_embd.weight.1']).toEqual([1, 3, 5, 7])
  })

  it('a table that is too long is cut, and the rest is as it was', async () => {
    await writeSource({
      keys: { 'general.architecture': 'gemma3n' },
      tensors: {
        'token_embd.weight': { type: 'F32', shape: [2, 3], data: floats(1, 2, 3, 4, 5, 6) },
        'per_layer_token_embd.weight': { type: 'F32', shape: [1, 2], data: floats(7, 8) },
      },
    })
    const numbers = await numbersOf(await translator()({ path: source, part: 'text' }))
    expect(numbers).toEqual({ 'token_embd.weight': [1, 2, 3, 4], 'per_layer_token_embd.weight': [7, 8] })
  })

  it('numbers that cannot be widened are refused, and nothing is left', async () => {
    await writeSource({
      keys: { 'general.architecture': 'qwen3vl', 'qwen3vl.vision.block_count': 1 },
      tensors: Object.fromEntries(
        ['q', 'k', 'v'].map((letter) => [`v.blk.0.attn_${letter}.weight`, { type: letter === 'q' ? 'F32' : 'Q4_0', shape: [32, 1] }]),
      ),
    })
    await expect(translator()({ path: source, part: 'projector' })).rejects.toMatchObject({
      code: 'load_failed',
      message: expect.stringContaining('Q4_0'),
    })
    expect(readdirSync(folder)).toEqual([])
  })
})
