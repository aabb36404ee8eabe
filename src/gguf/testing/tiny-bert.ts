// A BERT of some dozen KiB that llama.cpp really loads: no cache, no causal mask, WordPiece vocabulary, seeded weights. Every lower-case word of
// Latin letters is known, since each letter is a token, at the start of a word and inside of one.

import { type GgufEntry, type GgufTensorData, writeGgufFile } from '../writer.ts'
import { createRandom } from './random.ts'

export interface TinyBertOptions {
  seed?: number
  contextTokens?: number
  /** With a head that gives one number for a text or a pair of them. */
  ranks?: boolean
}

/** As a reference reads it. */
export const TINY_BERT_SHAPE = { width: 32, heads: 2, blocks: 2, epsilon: 1e-12 }
const EMBEDDING_LENGTH = TINY_BERT_SHAPE.width
/** Ways of pooling. */
const MEAN = 1
const RANK = 4
const FEED_FORWARD = 64
const SPECIALS = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']
const CHARACTERS = [...'abcdefghijklmnopqrstuvwxyz0123456789.,?!']
/** The converter of llama.cpp marks the start of a word, where BERT itself marks what goes on. */
const TOKENS = [...SPECIALS, ...CHARACTERS.map((character) => `\u2581${character}`), ...CHARACTERS]

export async function writeTinyBert(path: string, options: TinyBertOptions = {}): Promise<void> {
  const contextTokens = options.contextTokens ?? 128
  const random = createRandom(options.seed ?? 1)
  const tensors = [...tensorsOf(contextTokens, random), ...(options.ranks ? rankTensors(random) : [])]
  await writeGgufFile(path, { metadata: metadataOf(contextTokens, options.ranks ? RANK : MEAN), tensors })
}

/** The ids of a text's words, as BERT's tokenizer finds them; none for the marks around a text. */
export function tinyBertTokens(text: string): number[] {
  const letters = (text.match(/[a-z0-9]+|[.,?!]/g) ?? []).flatMap((word) =>
    [...word].map((letter, index) => (index === 0 ? `\u2581${letter}` : letter)),
  )
  return letters.map((letter) => TOKENS.indexOf(letter))
}

export const TINY_BERT_MARKS = { first: SPECIALS.indexOf('[CLS]'), separator: SPECIALS.indexOf('[SEP]') }

function metadataOf(contextTokens: number, pooling: number): GgufEntry[] {
  const count = (key: string, value: number): GgufEntry => ({ key, type: 'uint32', value })
  return [
    { key: 'general.architecture', type: 'string', value: 'bert' },
    { key: 'general.name', type: 'string', value: 'Tiny BERT' },
    count('bert.block_count', TINY_BERT_SHAPE.blocks),
    count('bert.context_length', contextTokens),
    count('bert.embedding_length', EMBEDDING_LENGTH),
    count('bert.feed_forward_length', FEED_FORWARD),
    count('bert.attention.head_count', TINY_BERT_SHAPE.heads),
    { key: 'bert.attention.layer_norm_epsilon', type: 'float32', value: TINY_BERT_SHAPE.epsilon },
    { key: 'bert.attention.causal', type: 'bool', value: false },
    count('bert.pooling_type', pooling),
    count('general.file_type', 0),
    { key: 'tokenizer.ggml.model', type: 'string', value: 'bert' },
    { key: 'tokenizer.ggml.pre', type: 'string', value: 'jina-v2-en' },
    { key: 'tokenizer.ggml.tokens', type: 'array', itemType: 'string', values: TOKENS },
    { key: 'tokenizer.ggml.token_type', type: 'array', itemType: 'int32', values: TOKENS.map((_, id) => (id < SPECIALS.length ? 3 : 1)) },
    count('tokenizer.ggml.token_type_count', 2),
    count('tokenizer.ggml.padding_token_id', SPECIALS.indexOf('[PAD]')),
    count('tokenizer.ggml.unknown_token_id', SPECIALS.indexOf('[UNK]')),
    count('tokenizer.ggml.cls_token_id', SPECIALS.indexOf('[CLS]')),
    count('tokenizer.ggml.bos_token_id', SPECIALS.indexOf('[CLS]')),
    count('tokenizer.ggml.seperator_token_id', SPECIALS.indexOf('[SEP]')),
    count('tokenizer.ggml.mask_token_id', SPECIALS.indexOf('[MASK]')),
  ]
}

function tensorsOf(contextTokens: number, random: () => number): GgufTensorData[] {
  const width = EMBEDDING_LENGTH
  const { weights, linear } = tensorMaker(random)
  const norm = (name: string) => [tensor(`${name}.weight`, [width], () => 1), tensor(`${name}.bias`, [width], () => 0)]
  return [
    weights('token_embd.weight', [width, TOKENS.length]),
    weights('token_types.weight', [width, 2]),
    weights('position_embd.weight', [width, contextTokens]),
    ...norm('token_embd_norm'),
    ...Array.from({ length: TINY_BERT_SHAPE.blocks }, (_, block) => [
      ...['attn_q', 'attn_k', 'attn_v', 'attn_output'].flatMap((name) => linear(`blk.${block}.${name}`, width, width)),
      ...norm(`blk.${block}.attn_output_norm`),
      ...linear(`blk.${block}.ffn_up`, width, FEED_FORWARD),
      ...linear(`blk.${block}.ffn_down`, FEED_FORWARD, width),
      ...norm(`blk.${block}.layer_output_norm`),
    ]).flat(),
  ]
}

function rankTensors(random: () => number): GgufTensorData[] {
  const { linear } = tensorMaker(random)
  return [...linear('cls', EMBEDDING_LENGTH, EMBEDDING_LENGTH), ...linear('cls.output', EMBEDDING_LENGTH, 1)]
}

function tensorMaker(random: () => number) {
  const weights = (name: string, shape: number[]) => tensor(name, shape, () => random() - 0.5)
  return {
    weights,
    linear: (name: string, inputs: number, outputs: number) => [
      weights(`${name}.weight`, [inputs, outputs]),
      tensor(`${name}.bias`, [outputs], () => 0),
    ],
  }
}

function tensor(name: string, shape: number[], value: () => number): GgufTensorData {
  const values = Float32Array.from({ length: shape.reduce((product, dimension) => product * dimension, 1) }, value)
  return { name, type: 'F32', shape, data: new Uint8Array(values.buffer) }
}
