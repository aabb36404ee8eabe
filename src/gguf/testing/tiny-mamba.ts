// A Mamba of some dozen KiB that llama.cpp really loads: a recurrent model, whose memory is one state for each sequence and no cache of tokens.

import { type GgufEntry, type GgufTensorData, writeGgufFile } from '../writer.ts'
import { createRandom } from './random.ts'
import { createVocabulary, vocabularyEntries } from './tiny-vocabulary.ts'

const EMBEDDING_LENGTH = 64
/** The engine takes no other factor than two. */
const INNER = 2 * EMBEDDING_LENGTH
const STATE = 16
const KERNEL = 4
const TIME_STEP_RANK = 4

export async function writeTinyMamba(path: string, { contextTokens = 512, seed = 1 } = {}): Promise<void> {
  const vocabulary = createVocabulary()
  const count = (key: string, value: number): GgufEntry => ({ key, type: 'uint32', value })
  const metadata: GgufEntry[] = [
    { key: 'general.architecture', type: 'string', value: 'mamba' },
    { key: 'general.name', type: 'string', value: 'Tiny Mamba' },
    count('general.file_type', 0),
    count('mamba.block_count', 1),
    count('mamba.context_length', contextTokens),
    count('mamba.embedding_length', EMBEDDING_LENGTH),
    count('mamba.feed_forward_length', 0),
    count('mamba.attention.head_count', 0),
    count('mamba.ssm.conv_kernel', KERNEL),
    count('mamba.ssm.inner_size', INNER),
    count('mamba.ssm.state_size', STATE),
    count('mamba.ssm.time_step_rank', TIME_STEP_RANK),
    { key: 'mamba.attention.layer_norm_rms_epsilon', type: 'float32', value: 1e-5 },
    ...vocabularyEntries(vocabulary),
  ]
  await writeGgufFile(path, { metadata, tensors: tensorsOf(vocabulary.tokens.length, createRandom(seed)) })
}

function tensorsOf(vocabularySize: number, random: () => number): GgufTensorData[] {
  const tensor = (name: string, shape: number[], value: () => number): GgufTensorData => {
    const values = Float32Array.from({ length: shape.reduce((product, dimension) => product * dimension, 1) }, value)
    return { name, type: 'F32', shape, data: new Uint8Array(values.buffer) }
  }
  const weights = (name: string, shape: number[]) => tensor(name, shape, () => random() - 0.5)
  return [
    weights('token_embd.weight', [EMBEDDING_LENGTH, vocabularySize]),
    weights('output.weight', [EMBEDDING_LENGTH, vocabularySize]),
    tensor('output_norm.weight', [EMBEDDING_LENGTH], () => 1),
    tensor('blk.0.attn_norm.weight', [EMBEDDING_LENGTH], () => 1),
    weights('blk.0.ssm_in.weight', [EMBEDDING_LENGTH, 2 * INNER]),
    weights('blk.0.ssm_conv1d.weight', [KERNEL, INNER]),
    tensor('blk.0.ssm_conv1d.bias', [INNER], () => 0),
    weights('blk.0.ssm_x.weight', [INNER, TIME_STEP_RANK + 2 * STATE]),
    weights('blk.0.ssm_dt.weight', [TIME_STEP_RANK, INNER]),
    tensor('blk.0.ssm_dt.bias', [INNER], () => 0),
    // The state fades: what it multiplies the past with is below one.
    tensor('blk.0.ssm_a', [STATE, INNER], () => -0.1 - random()),
    tensor('blk.0.ssm_d', [INNER], () => 1),
    weights('blk.0.ssm_out.weight', [INNER, EMBEDDING_LENGTH]),
  ]
}
