// Gemma 3, 3n and EmbeddingGemma. What their files leave out, llama.cpp 0.5.0 asks for (src/models/gemma3.cpp, gemma3n.cpp, gemma-embedding.cpp);
// the numbers are those of the published configurations.

import type { Draft } from '../draft.ts'
import { becomeProjector, HALVES, type Layout, removeMedia } from '../layout.ts'

/** Only models that were trained further for it have so long a context, with their positions scaled. */
const SCALED_CONTEXT_TOKENS = 131_072

const MARKS = [
  'gemma3.mm.tokens_per_image',
  'gemma3.rope.global.freq_base',
  'gemma3.rope.local.freq_base',
  'tokenizer.ggml.add_padding_token',
  'tokenizer.ggml.add_unknown_token',
]

const VISION_NAMES = [
  ['v.patch_embedding', 'v.patch_embd'],
  ['v.position_embedding', 'v.position_embd'],
  ['v.post_layernorm', 'v.post_ln'],
  ['.layer_norm1', '.ln1'],
  ['.layer_norm2', '.ln2'],
  ['.attn_output', '.attn_out'],
  // The two have each other's name in the engine's own files too; it tells them apart by their shapes.
  ['.mlp.fc1', '.ffn_down'],
  ['.mlp.fc2', '.ffn_up'],
  ['mm.mm_input_projection', 'mm.input_projection'],
  ['mm.mm_soft_emb_norm', 'mm.soft_emb_norm'],
] as const

/** Before `GEMMA3`, whose marks such a file has as well. */
export const EMBEDDING_GEMMA: Layout = {
  architectures: ['gemma3'],
  isMarked: (file) => file.tensor('dense.0.weight') !== undefined,
  toText(file) {
    file.setArchitecture('gemma-embedding')
    file.removeKeys((key) => ['attention.causal', 'attention.sliding_window_pattern'].some((end) => key === `gemma-embedding.${end}`))
    completeGemma(file, 'gemma-embedding')
    for (const [from, to] of [
      [0, 2],
      [1, 3],
    ] as const) {
      const [inputs, outputs] = file.tensor(`dense.${from}.weight`)?.shape ?? []
      file.add(`gemma-embedding.dense_${to}_feat_in`, 'uint32', inputs)
      file.add(`gemma-embedding.dense_${to}_feat_out`, 'uint32', outputs)
      file.renameTensor(`dense.${from}.weight`, `dense_${to}.weight`)
    }
    file.renameTensor('norm.weight', 'output_norm.weight')
  },
}

export const GEMMA3: Layout = {
  architectures: ['gemma3'],
  isMarked: (file) =>
    MARKS.some((key) => file.has(key)) || file.hasTensors('v.', 'mm.') || !file.has('gemma3.attention.layer_norm_rms_epsilon'),
  toText(file) {
    completeGemma(file, 'gemma3')
    if ((file.number('gemma3.context_length') ?? 0) >= SCALED_CONTEXT_TOKENS) {
      file.add('gemma3.rope.scaling.type', 'string', 'linear')
      file.add('gemma3.rope.scaling.factor', 'float32', 8)
    }
    cutVocabulary(file, file.tensor('token_embd.weight')?.shape[1])
    removeMedia(file)
  },
  toProjector(file) {
    const [imageSize, patchSize, tokens] = ['vision.image_size', 'vision.patch_size', 'mm.tokens_per_image'].map((key) =>
      file.number(`gemma3.${key}`),
    )
    // Patches of a side that become one row together; the engine takes 4 unless told, which all published models have.
    const merged = imageSize && patchSize && tokens ? imageSize / patchSize / Math.sqrt(tokens) : 0
    if (Number.isInteger(merged) && merged > 0) file.add('clip.vision.projector.scale_factor', 'uint32', merged)
    becomeProjector(file, { type: 'gemma3', activation: 'gelu', ...HALVES })
    file.renameParts(VISION_NAMES)
    file.widen('v.patch_embd.weight')
    file.widen('v.position_embd.weight')
  },
}

/** The vocabulary of the text alone: the table of embeddings per layer has no rows for images and sounds. */
export const GEMMA3N: Layout = {
  architectures: ['gemma3n'],
  isMarked(file) {
    const [all, text] = ['token_embd.weight', 'per_layer_token_embd.weight'].map((name) => file.tensor(name)?.shape[1])
    return text !== undefined && all !== undefined && all !== text
  },
  toText(file) {
    const table = file.tensor('token_embd.weight')
    const rows = file.tensor('per_layer_token_embd.weight')?.shape[1] ?? 0
    const [part] = table?.parts ?? []
    if (table && part?.kind === 'bytes') {
      const [width = 0, all = 1] = table.shape
      table.parts = [{ ...part, sizeBytes: (part.sizeBytes / all) * Math.min(rows, all) }]
      table.shape = [width, Math.min(rows, all)]
    }
    cutVocabulary(file, rows)
    file.set('tokenizer.ggml.model', 'string', 'llama')
    correctTokenTypes(file)
    const ends = file.items('tokenizer.ggml.eos_token_ids')
    if (!ends.includes(END_OF_TURN))
      file.setItems('tokenizer.ggml.eos_token_ids', 'int32', [...(ends.length > 0 ? ends : [1]), END_OF_TURN])
    removeMedia(file)
  },
}

const END_OF_TURN = 106
const NORMAL_TOKEN = 1
const BYTE_TOKEN = 6

function completeGemma(file: Draft, architecture: string): void {
  file.renameKey(`${architecture}.rope.global.freq_base`, `${architecture}.rope.freq_base`)
  file.renameKey(`${architecture}.rope.local.freq_base`, `${architecture}.rope.freq_base_swa`)
  file.add(`${architecture}.attention.layer_norm_rms_epsilon`, 'float32', 1e-6)
  file.add(`${architecture}.rope.freq_base`, 'float32', 1_000_000)
  file.add(`${architecture}.rope.freq_base_swa`, 'float32', 10_000)
}

/** Tokens that the table of embeddings has no row for. */
function cutVocabulary(file: Draft, rows: number | undefined): void {
  if (rows === undefined) return
  for (const key of ['tokens', 'scores', 'token_type']) file.truncate(`tokenizer.ggml.${key}`, rows)
}

function correctTokenTypes(file: Draft): void {
  const [tokens, types] = [file.items('tokenizer.ggml.tokens'), file.items('tokenizer.ggml.token_type')]
  if (tokens.length === 0 || types.length === 0) return
  const corrected = types.map((type, index) => {
    const token = String(tokens[index] ?? '')
    if (/^<0x..>$/.test(token)) return BYTE_TOKEN
    return token.startsWith('<unused') ? NORMAL_TOKEN : type
  })
  file.setItems('tokenizer.ggml.token_type', 'int32', corrected)
}
