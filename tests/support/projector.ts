// A projector that sees colours without training, and images for it. The weights are made by hand: each patch becomes its mean colour, and a
// colour becomes the row of its own name in the model's table of embeddings, as if the prompt said " red" where the image stands.

import { open } from 'node:fs/promises'
import { crc32, deflateSync } from 'node:zlib'
import { readGgufHead } from '../../src/gguf/head.ts'
import { getItems } from '../../src/gguf/metadata.ts'
import type { GgufHead } from '../../src/gguf/types.ts'
import { type GgufEntry, type GgufTensorData, writeGgufFile } from '../../src/gguf/writer.ts'

export type Colour = readonly [red: number, green: number, blue: number]

export const RED: Colour = [255, 0, 0]
export const GREEN: Colour = [0, 255, 0]
export const BLUE: Colour = [0, 0, 255]

/** How many rows of embeddings an image of any size becomes. */
export const COLOUR_ROWS = 4

/** A blue square of 16×16 as encoders of the other formats write it, in base64. */
export const BLUE_IMAGES = {
  webp: 'UklGRjoAAABXRUJQVlA4IC4AAACQAQCdASoQABAAAUAmJaACdLoAA5gA/vtV4/+lwf/S4P/pcH/pcH8bss4bpAAA',
  losslessWebp: 'UklGRhYAAABXRUJQVlA4TAoAAAAvD8ADAIjof/8D',
  gif: 'R0lGODdhEAAQAIEAAAAA/wAAAAAAAAAAACwAAAAAEAAQAEAIHQABCBxIsKDBgwgTKlzIsKHDhxAjSpxIsaLFgQEBADs=',
  jpeg:
    '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAYEBQYFBAYGBQYHBwYIChAKCgkJChQODwwQFxQYGBcUFhYaHSUfGhsjHBYWICwgIyYnKSopGR8tMC0oMCUoKSj/' +
    '2wBDAQcHBwoIChMKChMoGhYaKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCj/wAARCAAQABADASIAAhEBAxEB/8QA' +
    'FQABAQAAAAAAAAAAAAAAAAAAAAj/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/8QAFQEBAQAAAAAAAAAAAAAAAAAABQj/xAAUEQEAAAAAAAAAAAAAAAAAAAAA/9oA' +
    'DAMBAAIRAxEAPwCewFIh3//Z',
}

const IMAGE = 64
const PATCH = 16
const PATCH_PIXELS = PATCH * PATCH
/** Of the tower: the three colours, their opposites, so that the mean that a layer norm takes away is zero, and two rows of nothing. */
const WIDTH = 8
const FEED_FORWARD = 16
const NAMES = [' red', ' green', ' blue']

export interface ColourProjectorOptions {
  /** How the model's vocabulary writes a space. */
  space?: string
  /** What the model multiplies the rows of its own tokens by. */
  scale?: number
}

/** For the given model (Q8_0 embeddings): a projector of the kind of Gemma 3, for images of 64×64, which become COLOUR_ROWS rows. */
export async function writeColourProjector(
  modelPath: string,
  outPath: string,
  { space = 'Ġ', scale = 1 }: ColourProjectorOptions = {},
): Promise<void> {
  const found = await readEmbeddings(
    modelPath,
    NAMES.map((name) => name.replace(' ', space)),
  )
  const rows = found.map((row) => row.map((value) => value * scale))
  const length = (rows[0] as Float32Array).length
  await writeGgufFile(outPath, { metadata: projectorMetadata(length), tensors: [...towerTensors(), ...projectionTensors(rows)] })
}

/** A PNG file in one colour. */
export function colourPng([red, green, blue]: Colour, width = IMAGE, height = width): Uint8Array {
  const line = Buffer.concat([Buffer.from([0]), Buffer.alloc(width * 3, Buffer.from([red, green, blue]))])
  return pngFile(width, height, deflateSync(Buffer.concat(Array.from({ length: height }, () => line))))
}

/** A BMP file in one colour, with its rows from the bottom. */
export function colourBmp([red, green, blue]: Colour, side = 16): Uint8Array {
  const pixels = Buffer.alloc(side * side * 3, Buffer.from([blue, green, red]))
  const head = Buffer.alloc(54)
  head.write('BM', 'latin1')
  head.writeUInt32LE(head.length + pixels.length, 2)
  for (const [offset, value] of [
    [10, head.length],
    [14, 40],
    [18, side],
    [22, side],
  ] as const)
    head.writeUInt32LE(value, offset)
  head.writeUInt16LE(1, 26)
  head.writeUInt16LE(24, 28)
  return Buffer.concat([head, pixels])
}

/** A WAV file of silence: 16 bits, one channel. */
export function silentWav(seconds: number, rate = 16_000): Uint8Array {
  const data = Buffer.alloc(seconds * rate * 2)
  const head = Buffer.alloc(44)
  head.write('RIFF', 0, 'latin1')
  head.writeUInt32LE(36 + data.length, 4)
  head.write('WAVEfmt ', 8, 'latin1')
  head.writeUInt32LE(16, 16)
  head.writeUInt16LE(1, 20)
  head.writeUInt16LE(1, 22)
  head.writeUInt32LE(rate, 24)
  head.writeUInt32LE(rate * 2, 28)
  head.writeUInt16LE(2, 32)
  head.writeUInt16LE(16, 34)
  head.write('data', 36, 'latin1')
  head.writeUInt32LE(data.length, 40)
  return Buffer.concat([head, data])
}

/** Of compressed rows that need not be what the head says. */
export function pngFile(width: number, height: number, data: Uint8Array): Uint8Array {
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width, 0)
  head.writeUInt32BE(height, 4)
  // Eight bits, three colours.
  head.set([8, 2], 8)
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return Buffer.concat([signature, pngPart('IHDR', head), pngPart('IDAT', data), pngPart('IEND', Buffer.alloc(0))])
}

function pngPart(name: string, data: Uint8Array): Buffer {
  const named = Buffer.concat([Buffer.from(name, 'latin1'), data])
  const part = Buffer.alloc(named.length + 8)
  part.writeUInt32BE(data.length, 0)
  part.set(named, 4)
  part.writeUInt32BE(crc32(named), named.length + 4)
  return part
}

async function readEmbeddings(modelPath: string, texts: readonly string[]): Promise<Float32Array[]> {
  const head = await readGgufHead(modelPath, { arrays: 'values' })
  const tokens = getItems(head, 'tokenizer.ggml.tokens') ?? []
  const found = texts.map((text) => tokens.indexOf(text))
  if (found.includes(-1)) throw new Error('the model has no tokens for the names of colours')
  const file = await open(modelPath)
  try {
    return await Promise.all(found.map(async (token) => readRow(file, head, token)))
  } finally {
    await file.close()
  }
}

async function readRow(file: Awaited<ReturnType<typeof open>>, head: GgufHead, token: number): Promise<Float32Array> {
  const tensor = head.tensors.find(({ name }) => name === 'token_embd.weight')
  if (tensor?.type !== 'Q8_0') throw new Error('the embeddings of the model are not Q8_0')
  const length = tensor.shape[0] as number
  const bytes = Buffer.alloc((length / 32) * 34)
  await file.read(bytes, 0, bytes.length, head.dataOffsetBytes + tensor.offsetBytes + token * bytes.length)
  return Float32Array.from({ length }, (_, index) => {
    const block = Math.floor(index / 32) * 34
    return toNumber(bytes.readUInt16LE(block)) * bytes.readInt8(block + 2 + (index % 32))
  })
}

/** Of a half float: scales, which are neither infinite nor negative. */
function toNumber(half: number): number {
  const exponent = half >> 10
  return exponent === 0 ? half * 2 ** -24 : (1 + (half & 0x3ff) / 1024) * 2 ** (exponent - 15)
}

function projectorMetadata(projection: number): GgufEntry[] {
  const count = (key: string, value: number): GgufEntry => ({ key: `clip.vision.${key}`, type: 'uint32', value })
  const halves = (key: string): GgufEntry => ({ key: `clip.vision.${key}`, type: 'array', itemType: 'float32', values: [0.5, 0.5, 0.5] })
  return [
    { key: 'general.architecture', type: 'string', value: 'clip' },
    { key: 'general.type', type: 'string', value: 'mmproj' },
    { key: 'general.name', type: 'string', value: 'colours' },
    { key: 'clip.has_vision_encoder', type: 'bool', value: true },
    { key: 'clip.projector_type', type: 'string', value: 'gemma3' },
    { key: 'clip.use_gelu', type: 'bool', value: true },
    { key: 'clip.vision.attention.layer_norm_epsilon', type: 'float32', value: 1e-6 },
    count('image_size', IMAGE),
    count('patch_size', PATCH),
    count('embedding_length', WIDTH),
    count('feed_forward_length', FEED_FORWARD),
    count('block_count', 1),
    count('attention.head_count', 1),
    count('projection_dim', projection),
    count('projector.scale_factor', IMAGE / PATCH / Math.sqrt(COLOUR_ROWS)),
    halves('image_mean'),
    halves('image_std'),
  ]
}

/** One block that adds nothing: what its attention and its feed-forward part give is multiplied by zero. */
function towerTensors(): GgufTensorData[] {
  const patches = (IMAGE / PATCH) ** 2
  const block = 'v.blk.0'
  return [
    filled('v.patch_embd.weight', [PATCH, PATCH, 3, WIDTH], (index) => colourWeight(Math.floor(index / PATCH_PIXELS)) / PATCH_PIXELS),
    filled('v.patch_embd.bias', [WIDTH], () => 0),
    filled('v.position_embd.weight', [WIDTH, patches], () => 0),
    ...['attn_q', 'attn_k', 'attn_v', 'attn_out'].flatMap((name) => [
      filled(`${block}.${name}.weight`, [WIDTH, WIDTH], () => 0),
      filled(`${block}.${name}.bias`, [WIDTH], () => 0),
    ]),
    filled(`${block}.ffn_up.weight`, [WIDTH, FEED_FORWARD], () => 0),
    filled(`${block}.ffn_up.bias`, [FEED_FORWARD], () => 0),
    filled(`${block}.ffn_down.weight`, [FEED_FORWARD, WIDTH], () => 0),
    filled(`${block}.ffn_down.bias`, [WIDTH], () => 0),
    ...[`${block}.ln1`, `${block}.ln2`, 'v.post_ln'].flatMap((name) => [
      filled(`${name}.weight`, [WIDTH], () => 1),
      filled(`${name}.bias`, [WIDTH], () => 0),
    ]),
  ]
}

/** What a colour channel adds to a row of the tower: its own row 1, the opposite -1. */
function colourWeight(index: number): number {
  const [row, channel] = [Math.floor(index / 3), index % 3]
  if (row === channel) return 1
  return row === channel + 3 ? -1 : 0
}

/**
 * Red is (1, -1, -1) for the tower, and the norms make its rows (1, -1, -1, -1, 1, 1, 0, 0) × √(8/6). A name is laid on those that are negative
 * for its own colour, halved: that gives 1 for it and 0 for the others.
 */
function projectionTensors(rows: readonly Float32Array[]): GgufTensorData[] {
  const length = (rows[0] as Float32Array).length
  const weight = (index: number): number => {
    const [input, output] = [Math.floor(index / length), index % length]
    if (input >= rows.length) return 0
    return rows.reduce((sum, row, colour) => sum + (colour === input ? 0 : -0.5 * (row[output] as number)), 0)
  }
  return [
    filled('mm.input_projection.weight', [length, WIDTH], weight),
    filled('mm.soft_emb_norm.weight', [WIDTH], () => Math.sqrt(6 / WIDTH)),
  ]
}

function filled(name: string, shape: number[], valueAt: (index: number) => number): GgufTensorData {
  const length = shape.reduce((product, dimension) => product * dimension, 1)
  const values = Float32Array.from({ length }, (_, index) => valueAt(index))
  return { name, type: 'F32', shape, data: new Uint8Array(values.buffer) }
}
