// The layouts of the structs that pass by value, read from llama.h of llama.cpp 0.5.0 (in the order and with the types of the header), and
// their proof: what the library returns as defaults must be what that header's version is known to return. A layout that is off by one
// field reads something else somewhere, and then nothing is loaded.

import koffi, { type LibraryHandle } from 'koffi'
import { AppError } from '../../../base/errors.ts'
import { ENGINE_VERSION } from './library.ts'

// struct llama_model_params
koffi.struct('llama_model_params', {
  devices: 'void*',
  tensor_buft_overrides: 'void*',
  n_gpu_layers: 'int32',
  split_mode: 'int32',
  load_mode: 'int32',
  lazy_mode: 'int32',
  main_gpu: 'int32',
  tensor_split: 'void*',
  progress_callback: 'void*',
  progress_callback_user_data: 'void*',
  kv_overrides: 'void*',
  vocab_only: 'bool',
  check_tensors: 'bool',
  use_extra_bufts: 'bool',
  no_host: 'bool',
  no_alloc: 'bool',
  load_mtp: 'bool',
})

// struct llama_context_params
koffi.struct('llama_context_params', {
  n_ctx: 'uint32',
  n_batch: 'uint32',
  n_ubatch: 'uint32',
  n_seq_max: 'uint32',
  n_rs_seq: 'uint32',
  n_outputs_max: 'uint32',
  n_outputs_max_per_seq: 'uint32',
  n_threads: 'int32',
  n_threads_batch: 'int32',
  ctx_type: 'int32',
  rope_scaling_type: 'int32',
  pooling_type: 'int32',
  attention_type: 'int32',
  flash_attn_type: 'int32',
  rope_freq_base: 'float',
  rope_freq_scale: 'float',
  yarn_ext_factor: 'float',
  yarn_attn_factor: 'float',
  yarn_beta_fast: 'float',
  yarn_beta_slow: 'float',
  yarn_orig_ctx: 'uint32',
  defrag_thold: 'float',
  cb_eval: 'void*',
  cb_eval_user_data: 'void*',
  type_k: 'int32',
  type_v: 'int32',
  abort_callback: 'void*',
  abort_callback_data: 'void*',
  embeddings: 'bool',
  offload_kqv: 'bool',
  no_perf: 'bool',
  op_offload: 'bool',
  swa_full: 'bool',
  kv_unified: 'bool',
  samplers: 'void*',
  n_samplers: 'size_t',
  ctx_other: 'void*',
})

// struct llama_batch
koffi.struct('llama_batch', {
  n_tokens: 'int32',
  token: 'void*',
  embd: 'void*',
  pos: 'void*',
  n_seq_id: 'void*',
  seq_id: 'void*',
  logits: 'void*',
})

// struct llama_sampler_chain_params
koffi.struct('llama_sampler_chain_params', { no_perf: 'bool' })

// struct llama_logit_bias
koffi.struct('llama_logit_bias', { token: 'int32', bias: 'float' })

// struct llama_model_quantize_params
koffi.struct('llama_model_quantize_params', {
  nthread: 'int32',
  ftype: 'int32',
  output_tensor_type: 'int32',
  token_embedding_type: 'int32',
  allow_requantize: 'bool',
  quantize_output_tensor: 'bool',
  only_copy: 'bool',
  pure: 'bool',
  keep_split: 'bool',
  dry_run: 'bool',
  imatrix: 'void*',
  kv_overrides: 'void*',
  tt_overrides: 'void*',
  prune_layers: 'void*',
  max_buf_size: 'size_t',
})

export interface ModelParams {
  n_gpu_layers: number
  split_mode: number
  load_mode: number
  main_gpu: number
  vocab_only: boolean
}

export interface ContextParams {
  n_ctx: number
  n_batch: number
  n_ubatch: number
  n_seq_max: number
  n_threads: number
  n_threads_batch: number
  pooling_type: number
  flash_attn_type: number
  type_k: number
  type_v: number
  embeddings: boolean
  swa_full: boolean
  kv_unified: boolean
}

export interface QuantizeParams {
  nthread: number
  ftype: number
  allow_requantize: boolean
  tt_overrides: bigint | null
  max_buf_size: number
}

// struct llama_token_data {int32 id, float logit, float p} and struct llama_token_data_array {data*, size_t size, int64 selected, bool sorted},
// written by hand in sampler.ts since both live in native memory.
export const TOKEN_DATA = { sizeBytes: 12, id: 0, logit: 1, probability: 2 } as const
export const TOKEN_DATA_ARRAY = { sizeBytes: 32, data: 0, size: 8, selected: 16, sorted: 24 } as const

// struct llama_model_tensor_override {const char * pattern, ggml_type type}; a list of them ends with one without a pattern.
export const TENSOR_OVERRIDE = { sizeBytes: 16, pattern: 0, type: 8 } as const

// enum llama_load_mode, llama_flash_attn_type, llama_pooling_type, ggml_type
export const LOAD_MODES = { auto: -1, none: 0, mmap: 1 } as const
export const FLASH_ATTENTION = { auto: -1, off: 0, on: 1 } as const
export const POOLING = { unspecified: -1, none: 0, mean: 1, cls: 2, last: 3, rank: 4 } as const
export const KV_CACHE_TYPES = { f32: 0, f16: 1, q4_0: 2, q4_1: 3, q5_0: 6, q5_1: 7, q8_0: 8, iq4_nl: 20, bf16: 30 } as const
/** LLAMA_SPLIT_MODE_NONE: the whole model on one GPU. */
export const SPLIT_NONE = 0

/** What llama.cpp 0.5.0 returns. Null pointers are part of the proof: a shifted layout reads numbers there. */
const KNOWN_DEFAULTS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  llama_model_params: {
    devices: null,
    tensor_buft_overrides: null,
    n_gpu_layers: -1,
    split_mode: 1,
    load_mode: -1,
    lazy_mode: 1,
    main_gpu: 0,
    tensor_split: null,
    progress_callback: null,
    kv_overrides: null,
    vocab_only: false,
    check_tensors: false,
    use_extra_bufts: true,
    no_host: false,
    no_alloc: false,
    load_mtp: false,
  },
  llama_context_params: {
    n_ctx: 512,
    n_batch: 2048,
    n_ubatch: 512,
    n_seq_max: 1,
    n_rs_seq: 0,
    n_outputs_max_per_seq: 1,
    n_threads: 4,
    n_threads_batch: 4,
    rope_scaling_type: -1,
    pooling_type: -1,
    attention_type: -1,
    flash_attn_type: -1,
    rope_freq_base: 0,
    yarn_ext_factor: -1,
    yarn_beta_slow: -1,
    defrag_thold: -1,
    cb_eval: null,
    type_k: 1,
    type_v: 1,
    abort_callback: null,
    embeddings: false,
    offload_kqv: true,
    no_perf: true,
    op_offload: true,
    swa_full: true,
    kv_unified: false,
    samplers: null,
    n_samplers: 0,
    ctx_other: null,
  },
  llama_sampler_chain_params: { no_perf: true },
  llama_model_quantize_params: {
    nthread: 0,
    ftype: 7,
    output_tensor_type: 43,
    token_embedding_type: 43,
    allow_requantize: false,
    quantize_output_tensor: true,
    only_copy: false,
    pure: false,
    keep_split: false,
    dry_run: false,
    imatrix: null,
    kv_overrides: null,
    tt_overrides: null,
    prune_layers: null,
    max_buf_size: 8 * 1024 ** 3,
  },
}

const DEFAULTS_FUNCTION: Readonly<Record<string, string>> = {
  llama_model_params: 'llama_model_default_params',
  llama_context_params: 'llama_context_default_params',
  llama_sampler_chain_params: 'llama_sampler_chain_default_params',
  llama_model_quantize_params: 'llama_model_quantize_default_params',
}

/** Throws `load_failed` when the library's structs are not the ones above. */
export function proveLayouts(llama: LibraryHandle): void {
  for (const [struct, name] of Object.entries(DEFAULTS_FUNCTION)) {
    const wrong = findWrongField(struct, llama.func(`${struct} ${name}()`)())
    if (wrong !== undefined) {
      throw new AppError(
        'load_failed',
        `the layout of ${struct} does not fit this engine: ${wrong} (llama.cpp ${ENGINE_VERSION} is needed)`,
      )
    }
  }
}

/** The first field whose default is not the known one, as "name is X, not Y"; undefined when all fit. */
export function findWrongField(struct: string, defaults: Readonly<Record<string, unknown>>): string | undefined {
  for (const [field, expected] of Object.entries(KNOWN_DEFAULTS[struct] ?? {})) {
    const actual = defaults[field]
    if (actual !== expected) return `${field} is ${String(actual)}, not ${String(expected)}`
  }
  return undefined
}
