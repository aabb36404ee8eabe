// LoRA adapters as PEFT saves them, for folders of model-folders.ts. tests/fixtures/converted.json has what llama.cpp's own converter makes of them.

import type { FolderFiles } from './folder-parts.ts'
import type { FolderName } from './model-folders.ts'
import { FEED_FORWARD, HEADS, HIDDEN, KV_HEADS, Weights } from './random-weights.ts'
import { formatSafetensors } from './safetensors-file.ts'

export const ADAPTERS = {
  'llama-2-adapter': { base: 'llama-2', prefix: 'model', headLength: HIDDEN / HEADS },
  'mistral-adapter': { base: 'mistral', prefix: 'model', headLength: 32 },
  'qwen-2-adapter': { base: 'qwen-2', prefix: 'model', headLength: HIDDEN / HEADS },
  'qwen-3-adapter': { base: 'qwen-3', prefix: 'model', headLength: 32 },
  'gemma-2-adapter': { base: 'gemma-2', prefix: 'model', headLength: 32 },
  'gemma-3-adapter': { base: 'gemma-3', prefix: 'language_model.model', headLength: 32 },
  'phi-3-adapter': { base: 'phi-3', prefix: 'model', headLength: HIDDEN / HEADS, isFused: true },
} as const satisfies Record<string, Adapter>

interface Adapter {
  base: FolderName
  prefix: string
  headLength: number
  /** Query, key and value are one module, and so are gate and up. */
  isFused?: boolean
}

export type AdapterName = keyof typeof ADAPTERS
export const ADAPTER_NAMES = Object.keys(ADAPTERS) as AdapterName[]

const RANK = 4

export function adapterFolder(name: AdapterName): FolderFiles {
  const { base, prefix, headLength, isFused = false }: Adapter = ADAPTERS[name]
  const weights = new Weights(7, 'F32')
  const pair = (module: string, rows: number, columns: number) => {
    const at = `base_model.model.${prefix}.layers.1.${module}`
    weights.matrix(`${at}.lora_A.weight`, RANK, columns).matrix(`${at}.lora_B.weight`, rows, RANK)
  }
  pair('mlp.down_proj', HIDDEN, FEED_FORWARD)
  if (isFused) {
    pair('mlp.gate_up_proj', 2 * FEED_FORWARD, HIDDEN)
    pair('self_attn.qkv_proj', (HEADS + 2 * KV_HEADS) * headLength, HIDDEN)
  } else {
    pair('self_attn.k_proj', KV_HEADS * headLength, HIDDEN)
    pair('self_attn.q_proj', HEADS * headLength, HIDDEN)
  }
  return {
    'adapter_config.json': {
      peft_type: 'LORA',
      base_model_name_or_path: base,
      r: RANK,
      lora_alpha: 8,
      lora_dropout: 0,
      target_modules: isFused ? ['qkv_proj', 'gate_up_proj', 'down_proj'] : ['q_proj', 'k_proj', 'down_proj'],
      use_dora: false,
      use_rslora: false,
      alpha_pattern: {},
      rank_pattern: {},
    },
    'adapter_model.safetensors': formatSafetensors(weights.tensors),
  }
}
