// libmtmd's C API as typed functions, and what it needs of the llama.cpp that lies in the same file: the only place that knows their signatures.

import type { LibraryHandle } from 'koffi'
import { binderOf } from '../native-function.ts'
import { type DecoderPosition, type MediaContextParams, type MediaModelParams, proveMediaLayouts } from './structs.ts'

export type MediaApi = ReturnType<typeof bindMediaApi>

/** Of struct mtmd_input_text; the text is UTF-8. */
export interface InputText {
  text: Uint8Array
  text_len: number
  add_special: boolean
  parse_special: boolean
}

/** enum mtmd_input_chunk_type. */
export const CHUNK_TYPES = { text: 0, image: 1, sound: 2 } as const

/** Throws `load_failed` when the library's structs do not fit. */
export function bindMediaApi(library: LibraryHandle) {
  proveMediaLayouts(library)
  return { ...bindModel(library), ...bindContext(library), ...bindBitmaps(library), ...bindChunks(library) }
}

function bindModel(library: LibraryHandle) {
  const c = binderOf(library)
  return {
    backendInit: c('void llama_backend_init()') as () => void,
    llamaLogSet: c('void llama_log_set(void*, void*)') as (callback: bigint, data: null) => void,
    modelDefaultParams: c('media_model_params llama_model_default_params()') as () => MediaModelParams,
    modelLoad: c('void* llama_model_load_from_file(const char*, media_model_params)') as (
      path: string,
      params: MediaModelParams,
    ) => bigint | null,
    modelFree: c('void llama_model_free(void*)') as (model: bigint) => void,
    modelInputLength: c('int llama_model_n_embd_inp(void*)') as (model: bigint) => number,
  }
}

function bindContext(library: LibraryHandle) {
  const c = binderOf(library)
  return {
    helperLogSet: c('void mtmd_helper_log_set(void*, void*)') as (callback: bigint, data: null) => void,
    contextDefaultParams: c('mtmd_context_params mtmd_context_params_default()') as () => MediaContextParams,
    open: c('void* mtmd_init_from_file(const char*, void*, mtmd_context_params)') as (
      path: string,
      model: bigint,
      params: MediaContextParams,
    ) => bigint | null,
    close: c('void mtmd_free(void*)') as (context: bigint) => void,
    hasEyes: c('bool mtmd_support_vision(void*)') as (context: bigint) => boolean,
    hasEars: c('bool mtmd_support_audio(void*)') as (context: bigint) => boolean,
    isRotary: c('bool mtmd_decode_use_mrope(void*)') as (context: bigint) => boolean,
    isBidirectional: c('bool mtmd_decode_use_non_causal(void*, void*)') as (context: bigint, chunk: bigint) => boolean,
    encode: c('int mtmd_encode_chunk(void*, void*)') as (context: bigint, chunk: bigint) => number,
    output: c('void* mtmd_get_output_embd(void*)') as (context: bigint) => bigint,
  }
}

function bindBitmaps(library: LibraryHandle) {
  const c = binderOf(library)
  return {
    /** Returns the first of the two members of a struct, which the machines put where a lone pointer goes: the other is about videos. */
    decode: c('void* mtmd_helper_bitmap_init_from_buf(void*, const uint8_t*, size_t, bool)') as (
      context: bigint,
      bytes: Uint8Array,
      length: number,
      placeholder: boolean,
    ) => bigint | null,
    bitmap: c('void* mtmd_bitmap_init(uint32, uint32, const uint8_t*)') as (
      width: number,
      height: number,
      rgb: Uint8Array,
    ) => bigint | null,
    bitmapFree: c('void mtmd_bitmap_free(void*)') as (bitmap: bigint) => void,
    bitmapSetId: c('void mtmd_bitmap_set_id(void*, const char*)') as (bitmap: bigint, id: string) => void,
    bitmapIsSound: c('bool mtmd_bitmap_is_audio(void*)') as (bitmap: bigint) => boolean,
  }
}

function bindChunks(library: LibraryHandle) {
  const c = binderOf(library)
  return {
    chunks: c('void* mtmd_input_chunks_init()') as () => bigint,
    chunksFree: c('void mtmd_input_chunks_free(void*)') as (chunks: bigint) => void,
    chunkCount: c('size_t mtmd_input_chunks_size(void*)') as (chunks: bigint) => number,
    chunkAt: c('void* mtmd_input_chunks_get(void*, size_t)') as (chunks: bigint, index: number) => bigint,
    tokenize: c('int mtmd_tokenize(void*, void*, mtmd_input_text*, void**, size_t)') as (
      context: bigint,
      chunks: bigint,
      text: InputText,
      bitmaps: readonly bigint[],
      count: number,
    ) => number,
    chunkType: c('int mtmd_input_chunk_get_type(void*)') as (chunk: bigint) => number,
    chunkLength: c('size_t mtmd_input_chunk_get_n_tokens(void*)') as (chunk: bigint) => number,
    chunkPositions: c('int mtmd_input_chunk_get_n_pos(void*)') as (chunk: bigint) => number,
    chunkId: c('const char* mtmd_input_chunk_get_id(void*)') as (chunk: bigint) => string | null,
    chunkTokens: c('void* mtmd_input_chunk_get_tokens_text(void*, void*)') as (chunk: bigint, count: BigUint64Array) => bigint,
    chunkImage: c('void* mtmd_input_chunk_get_tokens_image(void*)') as (chunk: bigint) => bigint | null,
    imagePosition: c('mtmd_decoder_pos mtmd_image_tokens_get_decoder_pos(void*, int, size_t)') as (
      image: bigint,
      start: number,
      index: number,
    ) => DecoderPosition,
  }
}
