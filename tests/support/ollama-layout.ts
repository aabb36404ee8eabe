// Files in Ollama's own layout, made of files in llama.cpp's: the way back of what src/translate does.

import { createReadStream } from 'node:fs'
import { readGgufHead } from '../../src/gguf/head.ts'
import type { GgufHead, GgufTensor } from '../../src/gguf/types.ts'
import { entriesOf, type GgufEntry, type GgufTensorData, writeGgufFile } from '../../src/gguf/writer.ts'

/** Tokens for images, which the table of embeddings has no rows for. */
const LEFT_OVER = '<image_soft_token>'

const TOWER_NAMES: readonly (readonly [string, string])[] = [
  ['v.patch_embd.', 'v.patch_embedding.'],
  ['v.position_embd.', 'v.position_embedding.'],
  ['v.post_ln.', 'v.post_layernorm.'],
  ['.ln1.', '.layer_norm1.'],
  ['.ln2.', '.layer_norm2.'],
  ['.attn_out.', '.attn_output.'],
  ['.ffn_down.', '.mlp.fc1.'],
  ['.ffn_up.', '.mlp.fc2.'],
  ['mm.input_projection.', 'mm.mm_input_projection.'],
  ['mm.soft_emb_norm.', 'mm.mm_soft_emb_norm.'],
]

/** Gemma 3 as Ollama's converter wrote it: other keys, a token too many, and the projector's tensors among the model's. */
export async function writeOllamaGemma(modelPath: string, projectorPath: string, outPath: string): Promise<void> {
  const [model, projector] = await Promise.all([modelPath, projectorPath].map((path) => readGgufHead(path, { arrays: 'values' })))
  if (!model || !projector) throw new Error('two files are wanted')
  const rows = Number(projector.metadata.get('clip.vision.image_size')) / Number(projector.metadata.get('clip.vision.patch_size'))
  const tokens = (rows / Number(projector.metadata.get('clip.vision.projector.scale_factor'))) ** 2
  await writeGgufFile(outPath, {
    metadata: [
      ...entriesOf(model).flatMap(toOllamaKey),
      ...entriesOf(projector).flatMap(toVisionKey),
      { key: 'gemma3.mm.tokens_per_image', type: 'uint32', value: tokens },
    ],
    tensors: [
      ...model.tensors.map((tensor) => dataOf(modelPath, model, tensor)),
      ...projector.tensors.map((tensor) => ({ ...dataOf(projectorPath, projector, tensor), name: towerName(tensor.name) })),
    ],
  })
}

function toOllamaKey(entry: GgufEntry): GgufEntry[] {
  const { key } = entry
  if (key === 'gemma3.attention.layer_norm_rms_epsilon' || key === 'gemma3.rope.freq_base_swa') return []
  if (key === 'gemma3.rope.freq_base') return [{ ...entry, key: 'gemma3.rope.global.freq_base' }]
  if (entry.type !== 'array') return [entry]
  if (key === 'tokenizer.ggml.tokens') return [{ ...entry, values: [...entry.values, LEFT_OVER] }]
  if (key === 'tokenizer.ggml.scores' || key === 'tokenizer.ggml.token_type') return [{ ...entry, values: [...entry.values, 3] }]
  return [entry]
}

function toVisionKey(entry: GgufEntry): GgufEntry[] {
  const { key } = entry
  if (!key.startsWith('clip.vision.') || entry.type === 'array') return []
  if (key.endsWith('.projection_dim') || key.endsWith('.scale_factor')) return []
  return [{ ...entry, key: key.replace('clip.', 'gemma3.') }]
}

function towerName(name: string): string {
  const found = TOWER_NAMES.find(([from]) => name.includes(from))
  return found ? name.replace(...found) : name
}

function dataOf(path: string, head: GgufHead, { name, type, shape, offsetBytes, sizeBytes }: GgufTensor): GgufTensorData {
  const start = head.dataOffsetBytes + offsetBytes
  return { name, type, shape, data: () => createReadStream(path, { start, end: start + sizeBytes - 1, highWaterMark: 1 << 20 }) }
}
