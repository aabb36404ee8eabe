import { describe, expect, it } from 'vitest'
import { isAppError } from '../../base/errors.ts'
import { describeHead, type TinyFile, tinyHead } from '../testing/tiny-file.ts'
import { draftPart, type TranslatedPart, translateHead } from '../translation.ts'

async function translated(file: TinyFile, part: TranslatedPart = 'text') {
  const drafted = draftPart(await tinyHead(file), part)
  if (!drafted) throw new Error('the file has no mark of a layout of its own')
  return describeHead(drafted.draft.toHead())
}

async function isForeign(file: TinyFile): Promise<boolean> {
  return translateHead(await tinyHead(file)) !== undefined
}

const LINE = (architecture: string): TinyFile['keys'] => ({ 'general.architecture': architecture })

describe('Gemma 3', () => {
  const keys = { ...LINE('gemma3'), 'gemma3.attention.layer_norm_rms_epsilon': 0.5, 'gemma3.embedding_length': 4 }

  it('is left alone in the layout of the engine', async () => {
    expect(await isForeign({ keys, tensors: { 'token_embd.weight': [4, 3] } })).toBe(false)
  })

  it('gets the keys that it lacks, under the names that the engine reads, and keeps its own', async () => {
    const { keys: found } = await translated({
      keys: { ...keys, 'gemma3.rope.global.freq_base': 123.5, 'gemma3.context_length': 131_072 },
      tensors: { 'token_embd.weight': [4, 3] },
    })
    expect(found).toEqual({
      ...keys,
      'gemma3.context_length': 131_072,
      'gemma3.rope.freq_base': 123.5,
      'gemma3.rope.freq_base_swa': 10_000,
      'gemma3.rope.scaling.type': 'linear',
      'gemma3.rope.scaling.factor': 8,
    })
  })

  it('has its positions unscaled where its context is short', async () => {
    const { keys: found } = await translated({ keys: { ...LINE('gemma3'), 'gemma3.context_length': 32_768 } })
    expect(found).not.toHaveProperty(['gemma3.rope.scaling.type'])
    expect(found['gemma3.attention.layer_norm_rms_epsilon']).toBe(1e-6)
  })

  it('loses tokens without a row, and what sees', async () => {
    const { keys: found, tensors } = await translated({
      keys: {
        ...keys,
        'tokenizer.ggml.tokens': ['a', 'b', 'c', 'd'],
        'tokenizer.ggml.scores': [1, 2, 3, 4],
        'tokenizer.ggml.token_type': [1, 1, 1, 3],
        'gemma3.vision.block_count': 1,
        'gemma3.mm.tokens_per_image': 256,
      },
      tensors: { 'token_embd.weight': [4, 3], 'v.patch_embedding.weight': [2, 2, 3, 4], 'mm.mm_input_projection.weight': [4, 4] },
    })
    expect(found['tokenizer.ggml.tokens']).toEqual(['a', 'b', 'c'])
    expect(found['tokenizer.ggml.scores']).toEqual([1, 2, 3])
    expect(found['tokenizer.ggml.token_type']).toEqual([1, 1, 1])
    expect(Object.keys(found).filter((key) => key.includes('vision') || key.includes('.mm.'))).toEqual([])
    expect(tensors).toEqual({ 'token_embd.weight': 'F32 4x3' })
  })

  it('gives a projector with the names of the engine, whose patches and positions are F32', async () => {
    const { keys: found, tensors } = await translated(
      {
        keys: {
          ...keys,
          'gemma3.mm.tokens_per_image': 4,
          'gemma3.vision.image_size': 64,
          'gemma3.vision.patch_size': 16,
          'gemma3.vision.block_count': 1,
          'gemma3.vision.attention.layer_norm_epsilon': 0.25,
        },
        tensors: {
          'token_embd.weight': [4, 3],
          'v.patch_embedding.weight': { type: 'F16', shape: [2, 2, 3, 4] },
          'v.position_embedding.weight': { type: 'F16', shape: [4, 16] },
          'v.blk.0.attn_output.weight': [4, 4],
          'v.blk.0.layer_norm1.bias': [4],
          'v.blk.0.mlp.fc1.weight': [4, 8],
          'v.blk.0.mlp.fc2.weight': [8, 4],
          'v.post_layernorm.weight': [4],
          'mm.mm_soft_emb_norm.weight': [4],
          'mm.mm_input_projection.weight': [4, 4],
        },
      },
      'projector',
    )
    expect(found).toMatchObject({
      'general.architecture': 'clip',
      'clip.projector_type': 'gemma3',
      'clip.has_vision_encoder': true,
      'clip.use_gelu': true,
      'clip.vision.image_size': 64,
      'clip.vision.patch_size': 16,
      'clip.vision.projection_dim': 4,
      'clip.vision.projector.scale_factor': 2,
      'clip.vision.attention.layer_norm_epsilon': 0.25,
      'clip.vision.image_mean': [0.5, 0.5, 0.5],
    })
    expect(Object.keys(found).filter((key) => key.startsWith('gemma3.'))).toEqual([])
    expect(tensors).toEqual({
      'v.patch_embd.weight': 'F32 2x2x3x4',
      'v.position_embd.weight': 'F32 4x16',
      'v.blk.0.attn_out.weight': 'F32 4x4',
      'v.blk.0.ln1.bias': 'F32 4',
      'v.blk.0.ffn_down.weight': 'F32 4x8',
      'v.blk.0.ffn_up.weight': 'F32 8x4',
      'v.post_ln.weight': 'F32 4',
      'mm.soft_emb_norm.weight': 'F32 4',
      'mm.input_projection.weight': 'F32 4x4',
    })
  })

  it('with dense layers behind it is EmbeddingGemma, of another architecture', async () => {
    const { keys: found, tensors } = await translated({
      keys: { ...keys, 'gemma3.attention.causal': false, 'gemma3.pooling_type': 1 },
      tensors: { 'dense.0.weight': [4, 8], 'dense.1.weight': [8, 4], 'norm.weight': [4] },
    })
    expect(found).toEqual({
      'general.architecture': 'gemma-embedding',
      'gemma-embedding.attention.layer_norm_rms_epsilon': 0.5,
      'gemma-embedding.embedding_length': 4,
      'gemma-embedding.pooling_type': 1,
      'gemma-embedding.rope.freq_base': 1_000_000,
      'gemma-embedding.rope.freq_base_swa': 10_000,
      'gemma-embedding.dense_2_feat_in': 4,
      'gemma-embedding.dense_2_feat_out': 8,
      'gemma-embedding.dense_3_feat_in': 8,
      'gemma-embedding.dense_3_feat_out': 4,
    })
    expect(Object.keys(tensors)).toEqual(['dense_2.weight', 'dense_3.weight', 'output_norm.weight'])
  })
})

describe('Gemma 3n', () => {
  const tensors = { 'token_embd.weight': [2, 5], 'per_layer_token_embd.weight': [4, 3], 'a.conv.weight': [2] }

  it('has as many tokens as its rows per layer, and ends a turn', async () => {
    const found = await translated({
      keys: {
        ...LINE('gemma3n'),
        'tokenizer.ggml.tokens': ['<0x0A>', '<unused1>', 'c', 'd', 'e'],
        'tokenizer.ggml.token_type': [1, 5, 4, 3, 3],
      },
      tensors,
    })
    expect(found.tensors).toEqual({ 'token_embd.weight': 'F32 2x3', 'per_layer_token_embd.weight': 'F32 4x3' })
    expect(found.keys).toEqual({
      ...LINE('gemma3n'),
      'tokenizer.ggml.model': 'llama',
      'tokenizer.ggml.tokens': ['<0x0A>', '<unused1>', 'c'],
      'tokenizer.ggml.token_type': [6, 1, 4],
      'tokenizer.ggml.eos_token_ids': [1, 106],
    })
  })

  it('is left alone where both tables are as long', async () => {
    expect(await isForeign({ keys: LINE('gemma3n'), tensors: { ...tensors, 'token_embd.weight': [2, 3] } })).toBe(false)
  })
})

describe('Gemma 4', () => {
  const file: TinyFile = {
    keys: {
      ...LINE('gemma4'),
      'tokenizer.ggml.model': 'llama',
      'gemma4.block_count': 1,
      'gemma4.embedding_length': 4,
      'gemma4.audio.block_count': 1,
    },
    tensors: {
      'token_embd.weight': [4, 3],
      'blk.0.ffn_gate_inp.per_expert_scale': [2],
      'v.patch_embd.weight': { type: 'F16', shape: [2, 2, 3, 4] },
      'a.pre_encode.out.weight': [4, 4],
      'a.blk.0.ln1.weight': [4],
      'a.blk.0.ln2.weight': [4],
      'a.blk.0.layer_pre_norm.weight': [4],
      'mm.a.fc.weight': [4, 4],
      'mm.input_projection.weight': [4, 4],
    },
  }

  it('has the vocabulary of its own kind, and nothing that sees or hears', async () => {
    const { keys, tensors } = await translated(file)
    expect(keys['tokenizer.ggml.model']).toBe('gemma4')
    expect(Object.keys(tensors)).toEqual(['token_embd.weight', 'blk.0.ffn_down_exps.scale'])
  })

  it('gives one projector for images and sounds', async () => {
    const { keys, tensors } = await translated(file, 'projector')
    expect(keys).toMatchObject({
      'clip.vision.projector_type': 'gemma4v',
      'clip.audio.projector_type': 'gemma4a',
      'clip.has_audio_encoder': true,
      'clip.audio.block_count': 1,
      'clip.audio.num_mel_bins': 128,
      'clip.vision.image_std': [1, 1, 1],
    })
    expect(keys).not.toHaveProperty(['clip.projector_type'])
    expect(Object.keys(tensors)).toEqual([
      'v.patch_embd.weight',
      'a.input_projection.weight',
      'a.blk.0.attn_pre_norm.weight',
      'a.blk.0.attn_post_norm.weight',
      'a.blk.0.ln2.weight',
      'a.pre_encode.out.weight',
      'mm.input_projection.weight',
    ])
  })
})

describe('families without eyes', () => {
  it('gptoss is gpt-oss', async () => {
    const { keys, tensors } = await translated({
      keys: { ...LINE('gptoss'), 'gptoss.block_count': 1, 'tokenizer.ggml.pre': 'default' },
      tensors: {
        'blk.0.attn_out.weight': [4, 4],
        'blk.0.attn_out.bias': [4],
        'blk.0.attn_sinks': [2],
        'blk.0.ffn_norm.weight': [4],
        'blk.0.attn_norm.weight': [4],
        'blk.0.ffn_gate_exps.weight': [4, 6, 2],
      },
    })
    expect(keys).toEqual({
      ...LINE('gpt-oss'),
      'gpt-oss.block_count': 1,
      'gpt-oss.expert_feed_forward_length': 6,
      'gpt-oss.rope.scaling.type': 'yarn',
      'tokenizer.ggml.pre': 'gpt-4o',
    })
    expect(Object.keys(tensors)).toEqual([
      'blk.0.attn_output.weight',
      'blk.0.attn_output.bias',
      'blk.0.attn_sinks.weight',
      'blk.0.post_attention_norm.weight',
      'blk.0.attn_norm.weight',
      'blk.0.ffn_gate_exps.weight',
    ])
  })

  it('gptoss keeps names that are right', async () => {
    const { tensors } = await translated({
      keys: LINE('gptoss'),
      tensors: { 'blk.0.attn_output.weight': [4, 4], 'blk.0.attn_sinks.weight': [2] },
    })
    expect(Object.keys(tensors)).toEqual(['blk.0.attn_output.weight', 'blk.0.attn_sinks.weight'])
  })

  it('olmo3 is olmo2', async () => {
    expect(await translated({ keys: { ...LINE('olmo3'), 'olmo3.attention.sliding_window': 4096 } })).toEqual({
      keys: { ...LINE('olmo2'), 'olmo2.attention.sliding_window': 4096 },
      tensors: {},
    })
  })

  it('lfm2 has its norm at the embeddings, and the length that its tensors have', async () => {
    const tensors = { 'output_norm.weight': [4], 'blk.0.ffn_gate.weight': [4, 6] }
    const found = await translated({ keys: { ...LINE('lfm2'), 'lfm2.feed_forward_length': 9 }, tensors })
    expect(found.keys).toEqual({ ...LINE('lfm2'), 'lfm2.feed_forward_length': 6, 'tokenizer.ggml.pre': 'lfm2' })
    expect(Object.keys(found.tensors)).toEqual(['token_embd_norm.weight', 'blk.0.ffn_gate.weight'])
    expect(await isForeign({ keys: LINE('lfm2'), tensors: { 'token_embd_norm.weight': [4] } })).toBe(false)
  })

  it('Llama 3 gets its way of cutting text where the file names none', async () => {
    const tokens = new Array<string>(128_010).fill('x')
    tokens[128_009] = '<|eot_id|>'
    const keys = {
      ...LINE('llama'),
      'tokenizer.ggml.model': 'gpt2',
      'tokenizer.ggml.tokens': tokens,
      'tokenizer.ggml.eos_token_id': 128_001,
    }
    const found = await translated({ keys })
    expect(found.keys).toMatchObject({
      'tokenizer.ggml.pre': 'llama-bpe',
      'tokenizer.ggml.eos_token_id': 128_009,
      'tokenizer.ggml.eot_token_id': 128_009,
    })
    expect(await isForeign({ keys: { ...keys, 'tokenizer.ggml.pre': 'llama-bpe' } })).toBe(false)
    expect(await isForeign({ keys: { ...keys, 'tokenizer.ggml.tokens': tokens.map(() => 'x') } })).toBe(false)
    expect(await isForeign({ keys: { ...keys, 'tokenizer.ggml.tokens': ['x'] } })).toBe(false)
    expect(await isForeign({ keys: { ...keys, 'tokenizer.ggml.model': 'llama' } })).toBe(false)
  })
})

describe('families that see', () => {
  it('qwen25vl is qwen2vl, and its tower a merger', async () => {
    const file: TinyFile = {
      keys: {
        ...LINE('qwen25vl'),
        'qwen25vl.embedding_length': 4,
        'qwen25vl.rope.mrope_section': [16, 24, 24],
        'qwen25vl.vision.fullatt_block_indexes': [7, 15],
        'qwen25vl.vision.window_size': 112,
      },
      tensors: {
        'token_embd.weight': [4, 3],
        'v.patch_embd_0.weight': { type: 'F16', shape: [2, 2, 3, 4] },
        'v.patch_embd_1.weight': { type: 'F16', shape: [2, 2, 3, 4] },
        'v.blk.0.ffn_up.weight': [4, 6],
        'v.merger.ln_q.weight': [4],
        'v.merger.mlp.0.weight': [4, 4],
        'v.merger.mlp.0.bias': [4],
        'v.merger.mlp.2.weight': [4, 4],
        'v.merger.mlp.2.bias': [4],
      },
    }
    expect(await translated(file)).toEqual({
      keys: { ...LINE('qwen2vl'), 'qwen2vl.embedding_length': 4, 'qwen2vl.rope.dimension_sections': [16, 24, 24, 0] },
      tensors: { 'token_embd.weight': 'F32 4x3' },
    })
    const { keys, tensors } = await translated(file, 'projector')
    expect(keys).toMatchObject({
      'clip.projector_type': 'qwen2.5vl_merger',
      'clip.use_silu': true,
      'clip.vision.n_wa_pattern': 8,
      'clip.vision.window_size': 112,
      'clip.vision.image_size': 560,
      'clip.vision.feed_forward_length': 6,
      'clip.vision.projection_dim': 4,
    })
    expect(tensors).toEqual({
      'v.patch_embd.weight': 'F32 2x2x3x4',
      'v.patch_embd.weight.1': 'F32 2x2x3x4',
      'v.blk.0.ffn_up.weight': 'F32 4x6',
      'v.post_ln.weight': 'F32 4',
      'mm.0.weight': 'F32 4x4',
      'mm.0.bias': 'F32 4',
      'mm.2.weight': 'F32 4x4',
      'mm.2.bias': 'F32 4',
    })
  })

  it('mistral3 has the keys of its positions under other names, and a tower of the Pixtral kind', async () => {
    const file: TinyFile = {
      keys: {
        ...LINE('mistral3'),
        'mistral3.embedding_length': 4,
        'mistral3.rope.scaling.beta_fast': 32.5,
        'mistral3.rope.scaling_beta': 0.125,
        'mistral3.spatial_merge_size': 2,
        'mistral3.vision.rope.freq_base': 10_000.5,
        'mistral3.vision.attention.head_count': 1,
      },
      tensors: {
        'token_embd.weight': [4, 3],
        'v.patch_conv.weight': { type: 'F16', shape: [2, 2, 3, 4] },
        'v.encoder_norm.weight': [4],
        'v.blk.0.attn_q.weight': [4, 4],
        'v.blk.0.attn_output.weight': [4, 4],
        'v.blk.0.attn_norm.weight': [4],
        'v.blk.0.ffn_norm.weight': [4],
        'mm.linear_1.weight': [4, 4],
        'mm.norm.weight': [4],
        'mm.patch_merger.merging_layer.weight': [8, 4],
      },
    }
    expect(await translated(file)).toEqual({
      keys: {
        ...LINE('mistral3'),
        'mistral3.embedding_length': 4,
        'mistral3.rope.scaling.yarn_beta_fast': 32.5,
        'mistral3.attention.temperature_scale': 0.125,
        'tokenizer.ggml.pre': 'tekken',
      },
      tensors: { 'token_embd.weight': 'F32 4x3' },
    })
    const { keys, tensors } = await translated(file, 'projector')
    expect(keys).toMatchObject({ 'clip.projector_type': 'pixtral', 'clip.vision.spatial_merge_size': 2, 'clip.rope.freq_base': 10_000.5 })
    expect(Object.keys(tensors)).toEqual([
      'v.patch_embd.weight',
      'v.pre_ln.weight',
      'v.blk.0.attn_q.weight',
      'v.blk.0.attn_out.weight',
      'v.blk.0.ln1.weight',
      'v.blk.0.ln2.weight',
      'mm.1.weight',
      'mm.input_norm.weight',
      'mm.patch_merger.weight',
      'v.token_embd.img_break',
    ])
    expect(await isForeign({ keys: LINE('mistral3'), tensors: { 'token_embd.weight': [4, 3] } })).toBe(false)
  })

  it('llama4 shuffles as many pixels as its ratio says', async () => {
    const { keys, tensors } = await translated(
      {
        keys: { ...LINE('llama4'), 'llama4.vision.pixel_shuffle_ratio': 0.25, 'llama4.vision.layer_norm_epsilon': 0.5 },
        tensors: { 'v.positional_embedding_vlm': [4, 2], 'v.vision_adapter.mlp.fc1.weight': [4, 4], 'v.blk.0.mlp.fc1.weight': [4, 4] },
      },
      'projector',
    )
    expect(keys).toMatchObject({ 'clip.vision.projector.scale_factor': 4, 'clip.vision.attention.layer_norm_epsilon': 0.5 })
    expect(Object.keys(tensors)).toEqual(['v.position_embd.weight', 'mm.model.mlp.1.weight', 'v.blk.0.ffn_up.weight'])
  })

  it('a projector that names no kind is that of the first LLaVA models', async () => {
    const keys = { ...LINE('clip'), 'clip.has_vision_encoder': true }
    expect((await translated({ keys, tensors: { 'v.patch_embd.weight': [2] } }, 'projector')).keys).toEqual({
      ...keys,
      'clip.projector_type': 'mlp',
    })
    expect(await isForeign({ keys: { ...keys, 'clip.projector_type': 'ldp' } })).toBe(false)
    expect(await isForeign({ keys: { ...keys, 'clip.vision.projector_type': 'gemma4v' } })).toBe(false)
  })
})

describe('the Qwen 3 families', () => {
  const tower = {
    ...Object.fromEntries(
      ['q', 'k', 'v'].flatMap((letter) => [
        [`v.blk.0.attn_${letter}.weight`, [4, 4]],
        [`v.blk.0.attn_${letter}.bias`, [4]],
      ]),
    ),
    'v.blk.0.norm1.weight': [4],
    'v.blk.0.mlp.linear_fc1.weight': [4, 6],
    'v.patch_embed.weight': { type: 'F16', shape: [2, 2, 2, 12] },
    'v.patch_embed.bias': [4],
    'v.pos_embed.weight': { type: 'F16', shape: [4, 9] },
    'v.merger.norm.weight': [4],
    'v.merger.linear_fc1.weight': [4, 4],
    'v.deepstack_merger.0.linear_fc1.weight': [4, 4],
    'v.deepstack_merger.0.norm.weight': [4],
  } satisfies TinyFile['tensors']
  const file: TinyFile = {
    keys: {
      ...LINE('qwen3vl'),
      'qwen3vl.embedding_length': 4,
      'qwen3vl.vision.block_count': 2,
      'qwen3vl.vision.patch_size': 16,
      'qwen3vl.vision.deepstack_visual_indexes': [1],
    },
    tensors: { 'token_embd.weight': [4, 3], ...tower },
  }

  it('qwen3vl gets the shares of its dimensions and the count of its deep layers', async () => {
    expect(await translated(file)).toEqual({
      keys: {
        ...LINE('qwen3vl'),
        'qwen3vl.embedding_length': 4,
        'qwen3vl.rope.dimension_sections': [24, 20, 20, 0],
        'qwen3vl.n_deepstack_layers': 1,
      },
      tensors: { 'token_embd.weight': 'F32 4x3' },
    })
  })

  it('its tower has one projection of three, and a patch per frame', async () => {
    const { keys, tensors } = await translated(file, 'projector')
    expect(keys).toMatchObject({
      'clip.projector_type': 'qwen3vl_merger',
      'clip.vision.is_deepstack_layers': [false, true],
      'clip.vision.image_size': 48,
      'clip.vision.feed_forward_length': 6,
      'clip.vision.image_min_pixels': 65_536,
    })
    expect(tensors).toEqual({
      'v.blk.0.attn_qkv.weight': 'F32 4x12',
      'v.blk.0.attn_qkv.bias': 'F32 12',
      'v.blk.0.ln1.weight': 'F32 4',
      'v.blk.0.ffn_up.weight': 'F32 4x6',
      'v.patch_embd.bias': 'F32 4',
      'v.position_embd.weight': 'F32 4x9',
      'v.post_ln.weight': 'F32 4',
      'mm.0.weight': 'F32 4x4',
      'v.deepstack.1.fc1.weight': 'F32 4x4',
      'v.deepstack.1.norm.weight': 'F32 4',
      'v.patch_embd.weight': 'F32 2x2x3x4',
      'v.patch_embd.weight.1': 'F32 2x2x3x4',
    })
  })

  it('a tower that cannot be one of the family is told at the load, and the model is listed until then', async () => {
    const head = await tinyHead({ ...file, tensors: { ...file.tensors, 'v.patch_embed.weight': { type: 'F16', shape: [2, 2, 3, 12] } } })
    expect(translateHead(head)).toEqual({ text: head })
    expect(() => draftPart(head, 'projector')).toThrow('not of 2 frames')
  })

  it('qwen35 has one count of heads, four shares, and no layers that guess ahead', async () => {
    const { keys, tensors } = await translated({
      keys: { ...LINE('qwen35'), 'qwen35.attention.head_count_kv': [0, 4, 0], 'qwen35.rope.dimension_sections': [11, 11, 10] },
      tensors: { 'blk.0.ssm_dt': [2], 'mtp.fc.weight': [2, 2], 'v.pos_embed.weight': [4, 9] },
    })
    expect(keys).toEqual({ ...LINE('qwen35'), 'qwen35.attention.head_count_kv': 4, 'qwen35.rope.dimension_sections': [11, 11, 10, 0] })
    expect(tensors).toEqual({ 'blk.0.ssm_dt.bias': 'F32 2' })
  })

  it('qwen3next names its bias', async () => {
    const { tensors } = await translated({ keys: LINE('qwen3next'), tensors: { 'blk.0.ssm_dt': [2] } })
    expect(Object.keys(tensors)).toEqual(['blk.0.ssm_dt.bias'])
    expect(await isForeign({ keys: LINE('qwen3next'), tensors: { 'blk.0.ssm_dt.bias': [2] } })).toBe(false)
  })
})

describe('other families', () => {
  it('glm4moelite is deepseek2, with its heads folded into one', async () => {
    const { keys } = await translated({
      keys: {
        ...LINE('glm4moelite'),
        'glm4moelite.attention.head_count_kv': 20,
        'glm4moelite.attention.key_length': 256,
        'glm4moelite.attention.key_length_mla': 576,
        'glm4moelite.attention.kv_lora_rank': 512,
        'glm4moelite.rope.dimension_count': 64,
        'tokenizer.ggml.eos_token_ids': [5, 6, 7],
      },
    })
    expect(keys).toEqual({
      ...LINE('deepseek2'),
      'deepseek2.attention.head_count_kv': 1,
      'deepseek2.attention.key_length': 576,
      'deepseek2.attention.value_length': 512,
      'deepseek2.attention.key_length_mla': 256,
      'deepseek2.attention.value_length_mla': 256,
      'deepseek2.attention.kv_lora_rank': 512,
      'deepseek2.rope.dimension_count': 64,
      'deepseek2.expert_group_count': 1,
      'deepseek2.expert_group_used_count': 1,
      'tokenizer.ggml.pre': 'glm4',
      'tokenizer.ggml.eos_token_ids': [5, 6, 7],
      'tokenizer.ggml.eot_token_id': 6,
      'tokenizer.ggml.eom_token_id': 7,
    })
  })

  it('nemotron_h_moe says how wide its experts are inside', async () => {
    const { keys, tensors } = await translated({
      keys: LINE('nemotron_h_moe'),
      tensors: { 'blk.1.ffn_latent_in.weight': [4, 3], 'blk.1.ffn_latent_out.weight': [3, 4], 'mtp.layers.0.x': [2] },
    })
    expect(keys).toEqual({ ...LINE('nemotron_h_moe'), 'nemotron_h_moe.moe_latent_size': 3 })
    expect(Object.keys(tensors)).toEqual(['blk.1.ffn_latent_down.weight', 'blk.1.ffn_latent_up.weight'])
    expect(await isForeign({ keys: LINE('nemotron_h_moe'), tensors: { 'blk.1.ffn_up.weight': [4, 3] } })).toBe(false)
  })

  it('laguna has gates under their long name', async () => {
    const { keys, tensors } = await translated({
      keys: { ...LINE('laguna'), 'laguna.rope.swa.freq_base': 5 },
      tensors: { 'blk.0.attn_g.weight': [2] },
    })
    expect(keys).toEqual({ ...LINE('laguna'), 'laguna.rope.freq_base_swa': 5 })
    expect(Object.keys(tensors)).toEqual(['blk.0.attn_gate.weight'])
  })

  it('Snowflake’s map of characters is bytes', async () => {
    const key = 'tokenizer.ggml.precompiled_charsmap'
    const keys = { ...LINE('bert'), 'tokenizer.ggml.model': 't5', [key]: [...Buffer.from([1, 200, 3]).toString('base64')] }
    expect((await translated({ keys })).keys[key]).toEqual([1, 200, 3])
    expect(await isForeign({ keys: { ...keys, [key]: [1, 2, 3] } })).toBe(false)
  })
})

describe('layouts that are known and not read', () => {
  it.each(['deepseekocr', 'glmocr', 'nemotron_h_omni'])('say so at the load, and which file works: %s', async (architecture) => {
    const head = await tinyHead({ keys: LINE(architecture) })
    expect(translateHead(head)).toEqual({ text: head })
    const load = () => draftPart(head, 'text')
    expect(load).toThrow(/a layout of Ollama's own .* Hugging Face works/)
    try {
      load()
    } catch (error) {
      expect(isAppError(error, 'load_failed')).toBe(true)
    }
  })
})
