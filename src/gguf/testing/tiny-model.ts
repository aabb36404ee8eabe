// Models of a quarter of a MiB that llama.cpp really loads: a llama with one block, seeded weights and a real vocabulary. With `reply` the model is a
// machine that says these pieces after a prompt ending in a line feed and then ends its turn, however it is sampled; without it, it babbles.

import { type GgufEntry, type GgufTensorData, writeGgufFile } from '../writer.ts'
import { createRandom } from './random.ts'
import { createVocabulary, type TinyVocabulary, TURN_END, tokenId, vocabularyEntries } from './tiny-vocabulary.ts'

export interface TinyModelOptions {
  seed?: number
  contextTokens?: number
  /** Pieces to say after a line feed; each becomes one token, so a piece may appear only once and never be a line feed. */
  reply?: readonly string[]
  /** Mean pooling: the engine takes it for an embedding model. */
  embedding?: boolean
  /** The loader of llama.cpp 0.5.0 aborts the process at this file, though its head is in order. */
  abortsEngine?: boolean
  /** Default: ChatML. */
  chatTemplate?: string | null
  /** More keys, or other values for those that are there. */
  metadata?: readonly GgufEntry[]
}

const EMBEDDING_LENGTH = 64
const HEADS = 2
const KV_HEADS = 1
const FEED_FORWARD = 64
const CHATML =
  "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"

export async function writeTinyModel(path: string, options: TinyModelOptions = {}): Promise<void> {
  const vocabulary = createVocabulary(options.reply)
  await writeGgufFile(path, { metadata: metadataOf(vocabulary, options), tensors: tensorsOf(vocabulary, options) })
}

function metadataOf(vocabulary: TinyVocabulary, options: TinyModelOptions): GgufEntry[] {
  const chatTemplate = options.chatTemplate === undefined ? CHATML : options.chatTemplate
  const entries: GgufEntry[] = [
    { key: 'general.architecture', type: 'string', value: 'llama' },
    { key: 'general.type', type: 'string', value: 'model' },
    { key: 'general.name', type: 'string', value: 'Tiny' },
    { key: 'llama.block_count', type: 'uint32', value: 1 },
    { key: 'llama.context_length', type: 'uint32', value: options.contextTokens ?? 512 },
    { key: 'llama.embedding_length', type: 'uint32', value: EMBEDDING_LENGTH },
    { key: 'llama.feed_forward_length', type: 'uint32', value: FEED_FORWARD },
    { key: 'llama.attention.head_count', type: 'uint32', value: HEADS },
    { key: 'llama.attention.head_count_kv', type: 'uint32', value: KV_HEADS },
    { key: 'llama.attention.layer_norm_rms_epsilon', type: 'float32', value: 1e-5 },
    { key: 'llama.rope.dimension_count', type: 'uint32', value: EMBEDDING_LENGTH / HEADS },
    { key: 'llama.rope.freq_base', type: 'float32', value: 10_000 },
    { key: 'llama.vocab_size', type: 'uint32', value: vocabulary.tokens.length },
    { key: 'general.file_type', type: 'uint32', value: 0 },
    ...vocabularyEntries(vocabulary),
  ]
  if (chatTemplate !== null) entries.push({ key: 'tokenizer.chat_template', type: 'string', value: chatTemplate })
  if (options.embedding) entries.push({ key: 'llama.pooling_type', type: 'uint32', value: 1 })
  // Experts in use where there are none: an assertion of the loader.
  if (options.abortsEngine) entries.push({ key: 'llama.expert_used_count', type: 'uint32', value: 2 })
  const added = options.metadata ?? []
  return [...entries.filter(({ key }) => !added.some((entry) => entry.key === key)), ...added]
}

function tensorsOf(vocabulary: TinyVocabulary, options: TinyModelOptions): GgufTensorData[] {
  const random = createRandom(options.seed ?? 1)
  const width = EMBEDDING_LENGTH
  const kvWidth = (width / HEADS) * KV_HEADS
  const weights = (name: string, shape: number[], scale: number): GgufTensorData => {
    const values = new Float32Array(shape.reduce((product, dimension) => product * dimension, 1))
    for (let i = 0; i < values.length; i++) values[i] = (random() * 2 - 1) * scale
    return tensor(name, shape, values)
  }
  const ones = (name: string): GgufTensorData => tensor(name, [width], new Float32Array(width).fill(1))
  const embedding = weights('token_embd.weight', [width, vocabulary.tokens.length], 1)
  // A scripted model must not be disturbed by its block: what the block adds is nothing.
  const scale = options.reply ? 0 : 0.5
  return [
    embedding,
    options.reply ? scriptedOutput(vocabulary, options.reply, embedding) : weights('output.weight', [width, vocabulary.tokens.length], 0.4),
    ones('output_norm.weight'),
    ones('blk.0.attn_norm.weight'),
    weights('blk.0.attn_q.weight', [width, width], 0.5),
    weights('blk.0.attn_k.weight', [width, kvWidth], 0.5),
    weights('blk.0.attn_v.weight', [width, kvWidth], 0.5),
    weights('blk.0.attn_output.weight', [width, width], scale),
    ones('blk.0.ffn_norm.weight'),
    weights('blk.0.ffn_gate.weight', [width, FEED_FORWARD], 0.5),
    weights('blk.0.ffn_up.weight', [width, FEED_FORWARD], 0.5),
    weights('blk.0.ffn_down.weight', [FEED_FORWARD, width], scale),
  ]
}

/** The row of a piece answers to the embedding of the piece before it: after a line feed comes the first, after the last the end of the turn. */
function scriptedOutput(vocabulary: TinyVocabulary, reply: readonly string[], embedding: GgufTensorData): GgufTensorData {
  const width = EMBEDDING_LENGTH
  const source = new Float32Array((embedding.data as Uint8Array).buffer)
  const values = new Float32Array(width * vocabulary.tokens.length)
  const chain = ['\n', ...reply, TURN_END].map((piece) => tokenId(vocabulary, piece))
  for (const [index, id] of chain.slice(1).entries()) {
    const before = chain[index] as number
    for (let i = 0; i < width; i++) values[id * width + i] = 2 * (source[before * width + i] as number)
  }
  return tensor('output.weight', [width, vocabulary.tokens.length], values)
}

function tensor(name: string, shape: number[], values: Float32Array): GgufTensorData {
  return { name, type: 'F32', shape, data: new Uint8Array(values.buffer) }
}
