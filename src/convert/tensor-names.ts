// Names of tensors: from Hugging Face's modules to those of llama.cpp (gguf-py/gguf/tensor_mapping.py).

export interface NameTable {
  /** Modules outside the blocks. */
  whole: Readonly<Record<string, string>>
  /** What stands before the number of a block. */
  blockPrefix: string
  /** Modules of a block. */
  block: Readonly<Record<string, string>>
}

export interface TensorName {
  /** Without `.weight` or `.bias`, and without the block. */
  module: string
  name: string
}

/** Undefined for a name that the table does not have. */
export function findTensorName(source: string, table: NameTable): TensorName | undefined {
  const dot = source.lastIndexOf('.')
  const kind = source.slice(dot + 1)
  if (kind !== 'weight' && kind !== 'bias') return undefined
  const path = source.slice(0, dot)
  if (Object.hasOwn(table.whole, path)) return { module: path, name: `${table.whole[path]}.${kind}` }
  if (!path.startsWith(table.blockPrefix)) return undefined
  const [number = '', ...rest] = path.slice(table.blockPrefix.length).split('.')
  const module = rest.join('.')
  if (!/^\d{1,6}$/.test(number) || !Object.hasOwn(table.block, module)) return undefined
  return { module, name: `blk.${Number(number)}.${table.block[module]}.${kind}` }
}

/** Of a decoder as most are built. */
export const DECODER_NAMES: NameTable = {
  whole: { 'model.embed_tokens': 'token_embd', 'model.norm': 'output_norm', lm_head: 'output' },
  blockPrefix: 'model.layers.',
  block: {
    input_layernorm: 'attn_norm',
    'self_attn.q_proj': 'attn_q',
    'self_attn.k_proj': 'attn_k',
    'self_attn.v_proj': 'attn_v',
    'self_attn.o_proj': 'attn_output',
    'self_attn.q_norm': 'attn_q_norm',
    'self_attn.k_norm': 'attn_k_norm',
    post_attention_layernorm: 'ffn_norm',
    'mlp.gate_proj': 'ffn_gate',
    'mlp.up_proj': 'ffn_up',
    'mlp.down_proj': 'ffn_down',
  },
}

/** Buffers that some programs save beside the weights. */
export function isBuffer(name: string): boolean {
  return /\.(attention\.masked_bias|attention\.bias|rotary_emb\.inv_freq)$/.test(name)
}
