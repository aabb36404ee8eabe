// The layouts of the structs that pass by value between this program and the library that reads media, as llama.cpp b10256 has them, and their
// proof: what the library returns as defaults must be what that version is known to return. As llama/structs.ts does for the engine.

import koffi, { type LibraryHandle } from 'koffi'
import { AppError } from '../../../base/errors.ts'

// struct llama_model_params of that version, under a name of its own since the engine's differs
koffi.struct('media_model_params', {
  devices: 'void*',
  tensor_buft_overrides: 'void*',
  n_gpu_layers: 'int32',
  split_mode: 'int32',
  load_mode: 'int32',
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

// struct mtmd_context_params
koffi.struct('mtmd_context_params', {
  use_gpu: 'bool',
  print_timings: 'bool',
  n_threads: 'int32',
  image_marker: 'const char*',
  media_marker: 'const char*',
  flash_attn_type: 'int32',
  warmup: 'bool',
  image_min_tokens: 'int32',
  image_max_tokens: 'int32',
  cb_eval: 'void*',
  cb_eval_user_data: 'void*',
  batch_max_tokens: 'int32',
  progress_callback: 'void*',
  progress_callback_user_data: 'void*',
})

// struct mtmd_input_text
koffi.struct('mtmd_input_text', { text: 'const uint8_t*', text_len: 'size_t', add_special: 'bool', parse_special: 'bool' })

// struct mtmd_decoder_pos
koffi.struct('mtmd_decoder_pos', { t: 'uint32', x: 'uint32', y: 'uint32', z: 'uint32' })

export interface MediaModelParams {
  n_gpu_layers: number
  load_mode: number
  vocab_only: boolean
  no_alloc: boolean
}

export interface MediaContextParams {
  use_gpu: boolean
  print_timings: boolean
  n_threads: number
  media_marker: string
  warmup: boolean
}

export interface DecoderPosition {
  t: number
  x: number
  y: number
  z: number
}

/** enum llama_load_mode of that version. */
export const LOAD_WITHOUT_MAP = 0

/** What the version returns. Null pointers are part of the proof: a shifted layout reads numbers there. */
const KNOWN_DEFAULTS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  media_model_params: {
    devices: null,
    tensor_buft_overrides: null,
    n_gpu_layers: -1,
    split_mode: 1,
    load_mode: 1,
    main_gpu: 0,
    tensor_split: null,
    progress_callback: null,
    progress_callback_user_data: null,
    kv_overrides: null,
    vocab_only: false,
    check_tensors: false,
    use_extra_bufts: true,
    no_host: false,
    no_alloc: false,
    load_mtp: false,
  },
  mtmd_context_params: {
    use_gpu: true,
    print_timings: true,
    n_threads: 4,
    image_marker: null,
    media_marker: '<__media__>',
    flash_attn_type: -1,
    warmup: true,
    image_min_tokens: -1,
    image_max_tokens: -1,
    cb_eval: null,
    cb_eval_user_data: null,
    batch_max_tokens: 1024,
    progress_callback: null,
    progress_callback_user_data: null,
  },
}

const DEFAULTS_FUNCTION: Readonly<Record<string, string>> = {
  media_model_params: 'llama_model_default_params',
  mtmd_context_params: 'mtmd_context_params_default',
}

/** Throws `load_failed` when the library's structs are not the ones above. */
export function proveMediaLayouts(library: LibraryHandle): void {
  for (const [struct, name] of Object.entries(DEFAULTS_FUNCTION)) {
    const wrong = findWrongDefault(struct, library.func(`${struct} ${name}()`)())
    if (wrong !== undefined) throw new AppError('load_failed', `the layout of ${struct} does not fit what reads images: ${wrong}`)
  }
}

/** The first field whose default is not the known one, as "name is X, not Y"; undefined when all fit. */
export function findWrongDefault(struct: string, defaults: Readonly<Record<string, unknown>>): string | undefined {
  for (const [field, expected] of Object.entries(KNOWN_DEFAULTS[struct] ?? {})) {
    const actual = defaults[field]
    if (actual !== expected) return `${field} is ${String(actual)}, not ${String(expected)}`
  }
  return undefined
}
