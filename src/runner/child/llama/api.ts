// llama.cpp's C API as typed functions: the only place that knows its signatures. Names are the C names without `llama_`, in camel case.
// Pointers are addresses; their brands keep a model from being passed where a context belongs. No function here takes a callback.

import type { LibraryHandle } from 'koffi'
import { binderOf, threadBinderOf } from '../native-function.ts'
import type { Library } from './library.ts'
import { type ContextParams, type ModelParams, proveLayouts, type QuantizeParams } from './structs.ts'

declare const kind: unique symbol
type Pointer<Kind extends string> = bigint & { readonly [kind]: Kind }
export type ModelPointer = Pointer<'model'>
export type ContextPointer = Pointer<'context'>
export type VocabularyPointer = Pointer<'vocabulary'>
export type MemoryPointer = Pointer<'memory'>
export type SamplerPointer = Pointer<'sampler'>
export type AdapterPointer = Pointer<'adapter'>
export type ThreadPoolPointer = Pointer<'thread pool'>

/** struct llama_batch; the members are addresses of native arrays. */
export interface BatchStruct {
  n_tokens: number
  token: bigint | null
  embd: bigint | null
  pos: bigint
  n_seq_id: bigint
  seq_id: bigint
  logits: bigint
}

export type LlamaApi = ReturnType<typeof bindApi>

/** Throws `load_failed` when the library's structs do not fit. */
export function bindApi({ llama }: Library) {
  proveLayouts(llama)
  return {
    ...bindModel(llama),
    ...bindContext(llama),
    ...bindMemory(llama),
    ...bindVocabulary(llama),
    ...bindSamplers(llama),
    ...bindSamplerKinds(llama),
  }
}

function bindModel(llama: LibraryHandle) {
  const c = binderOf(llama)
  return {
    backendInit: c('void llama_backend_init()') as () => void,
    printSystemInfo: c('const char* llama_print_system_info()') as () => string,
    supportsGpuOffload: c('bool llama_supports_gpu_offload()') as () => boolean,
    modelDefaultParams: c('llama_model_params llama_model_default_params()') as () => ModelParams,
    modelLoadFromFile: c('void* llama_model_load_from_file(const char*, llama_model_params)') as (
      path: string,
      params: ModelParams,
    ) => ModelPointer | null,
    modelFree: c('void llama_model_free(void*)') as (model: ModelPointer) => void,
    modelGetVocab: c('void* llama_model_get_vocab(void*)') as (model: ModelPointer) => VocabularyPointer,
    modelTrainContext: c('int32 llama_model_n_ctx_train(void*)') as (model: ModelPointer) => number,
    modelEmbeddingLength: c('int32 llama_model_n_embd_out(void*)') as (model: ModelPointer) => number,
    modelInputLength: c('int32 llama_model_n_embd_inp(void*)') as (model: ModelPointer) => number,
    modelRopeType: c('int llama_model_rope_type(void*)') as (model: ModelPointer) => number,
    modelClassifierOutputs: c('uint32 llama_model_n_cls_out(void*)') as (model: ModelPointer) => number,
    modelLayers: c('int32 llama_model_n_layer(void*)') as (model: ModelPointer) => number,
    modelSlidingWindow: c('int32 llama_model_n_swa(void*)') as (model: ModelPointer) => number,
    modelSize: c('uint64 llama_model_size(void*)') as (model: ModelPointer) => number,
    modelParameters: c('uint64 llama_model_n_params(void*)') as (model: ModelPointer) => number,
    modelDescription: c('int32 llama_model_desc(void*, uint8_t*, size_t)') as (
      model: ModelPointer,
      text: Uint8Array,
      size: number,
    ) => number,
    modelMetaValue: c('int32 llama_model_meta_val_str(void*, const char*, uint8_t*, size_t)') as (
      model: ModelPointer,
      key: string,
      text: Uint8Array,
      size: number,
    ) => number,
    modelHasEncoder: c('bool llama_model_has_encoder(void*)') as (model: ModelPointer) => boolean,
    modelHasDecoder: c('bool llama_model_has_decoder(void*)') as (model: ModelPointer) => boolean,
    modelIsRecurrent: c('bool llama_model_is_recurrent(void*)') as (model: ModelPointer) => boolean,
    modelIsHybrid: c('bool llama_model_is_hybrid(void*)') as (model: ModelPointer) => boolean,
    modelIsDiffusion: c('bool llama_model_is_diffusion(void*)') as (model: ModelPointer) => boolean,
    quantizeDefaultParams: c('llama_model_quantize_params llama_model_quantize_default_params()') as () => QuantizeParams,
    modelQuantize: c('uint32 llama_model_quantize(const char*, const char*, llama_model_quantize_params*)') as (
      from: string,
      to: string,
      params: QuantizeParams,
    ) => number,
    adapterLoad: c('void* llama_adapter_lora_init(void*, const char*)') as (model: ModelPointer, path: string) => AdapterPointer | null,
    adapterFree: c('void llama_adapter_lora_free(void*)') as (adapter: AdapterPointer) => void,
    setAdapters: c('int32 llama_set_adapters_lora(void*, uint64_t*, size_t, float*)') as (
      context: ContextPointer,
      adapters: BigUint64Array,
      count: number,
      scales: Float32Array,
    ) => number,
  }
}

function bindContext(llama: LibraryHandle) {
  const c = binderOf(llama)
  return {
    contextDefaultParams: c('llama_context_params llama_context_default_params()') as () => ContextParams,
    contextInit: c('void* llama_init_from_model(void*, llama_context_params)') as (
      model: ModelPointer,
      params: ContextParams,
    ) => ContextPointer | null,
    contextInitBeside: threadBinderOf(llama)('void* llama_init_from_model(void*, llama_context_params)') as (
      model: ModelPointer,
      params: ContextParams,
    ) => Promise<ContextPointer | null>,
    contextFree: c('void llama_free(void*)') as (context: ContextPointer) => void,
    contextSize: c('uint32 llama_n_ctx(void*)') as (context: ContextPointer) => number,
    contextSequenceSize: c('uint32 llama_n_ctx_seq(void*)') as (context: ContextPointer) => number,
    contextBatch: c('uint32 llama_n_batch(void*)') as (context: ContextPointer) => number,
    contextPhysicalBatch: c('uint32 llama_n_ubatch(void*)') as (context: ContextPointer) => number,
    contextMemory: c('void* llama_get_memory(void*)') as (context: ContextPointer) => MemoryPointer | null,
    contextPooling: c('int llama_pooling_type(void*)') as (context: ContextPointer) => number,
    attachThreadPool: c('void llama_attach_threadpool(void*, void*, void*)') as (
      context: ContextPointer,
      pool: ThreadPoolPointer,
      batchPool: ThreadPoolPointer,
    ) => void,
    detachThreadPool: c('void llama_detach_threadpool(void*)') as (context: ContextPointer) => void,
    setThreads: c('void llama_set_n_threads(void*, int32, int32)') as (context: ContextPointer, single: number, batch: number) => void,
    setEmbeddings: c('void llama_set_embeddings(void*, bool)') as (context: ContextPointer, embeddings: boolean) => void,
    setCausalAttention: c('void llama_set_causal_attn(void*, bool)') as (context: ContextPointer, causal: boolean) => void,
    decode: c('int32 llama_decode(void*, llama_batch)') as (context: ContextPointer, batch: BatchStruct) => number,
    encode: c('int32 llama_encode(void*, llama_batch)') as (context: ContextPointer, batch: BatchStruct) => number,
    synchronize: c('void llama_synchronize(void*)') as (context: ContextPointer) => void,
    logitsAt: c('void* llama_get_logits_ith(void*, int32)') as (context: ContextPointer, index: number) => bigint | null,
    embeddingsAt: c('void* llama_get_embeddings_ith(void*, int32)') as (context: ContextPointer, index: number) => bigint | null,
    embeddingsOf: c('void* llama_get_embeddings_seq(void*, int32)') as (context: ContextPointer, sequence: number) => bigint | null,
  }
}

function bindMemory(llama: LibraryHandle) {
  const c = binderOf(llama)
  return {
    memoryClear: c('void llama_memory_clear(void*, bool)') as (memory: MemoryPointer, data: boolean) => void,
    memoryRemove: c('bool llama_memory_seq_rm(void*, int32, int32, int32)') as (
      memory: MemoryPointer,
      sequence: number,
      from: number,
      to: number,
    ) => boolean,
    memoryCopy: c('void llama_memory_seq_cp(void*, int32, int32, int32, int32)') as (
      memory: MemoryPointer,
      source: number,
      target: number,
      from: number,
      to: number,
    ) => void,
    memoryAdd: c('void llama_memory_seq_add(void*, int32, int32, int32, int32)') as (
      memory: MemoryPointer,
      sequence: number,
      from: number,
      to: number,
      delta: number,
    ) => void,
    memoryFirst: c('int32 llama_memory_seq_pos_min(void*, int32)') as (memory: MemoryPointer, sequence: number) => number,
    memoryLast: c('int32 llama_memory_seq_pos_max(void*, int32)') as (memory: MemoryPointer, sequence: number) => number,
    memoryCanShift: c('bool llama_memory_can_shift(void*)') as (memory: MemoryPointer) => boolean,
    stateSize: c('size_t llama_state_seq_get_size(void*, int32)') as (context: ContextPointer, sequence: number) => number,
    stateGet: c('size_t llama_state_seq_get_data(void*, uint8_t*, size_t, int32)') as (
      context: ContextPointer,
      data: Uint8Array,
      sizeBytes: number,
      sequence: number,
    ) => number,
    stateSet: c('size_t llama_state_seq_set_data(void*, const uint8_t*, size_t, int32)') as (
      context: ContextPointer,
      data: Uint8Array,
      sizeBytes: number,
      sequence: number,
    ) => number,
    stateSave: c('size_t llama_state_seq_save_file(void*, const char*, int32, int32_t*, size_t)') as (
      context: ContextPointer,
      path: string,
      sequence: number,
      tokens: Int32Array,
      count: number,
    ) => number,
    stateLoad: c('size_t llama_state_seq_load_file(void*, const char*, int32, int32_t*, size_t, size_t*)') as (
      context: ContextPointer,
      path: string,
      sequence: number,
      tokens: Int32Array,
      capacity: number,
      count: BigUint64Array,
    ) => number,
  }
}

function bindVocabulary(llama: LibraryHandle) {
  const c = binderOf(llama)
  const ofVocabulary = (name: string) => c(`int32 ${name}(void*)`) as (vocabulary: VocabularyPointer) => number
  return {
    vocabularySize: ofVocabulary('llama_vocab_n_tokens'),
    vocabularyBos: ofVocabulary('llama_vocab_bos'),
    vocabularyEos: ofVocabulary('llama_vocab_eos'),
    vocabularySeparator: ofVocabulary('llama_vocab_sep'),
    vocabularyEot: ofVocabulary('llama_vocab_eot'),
    vocabularyFimPrefix: ofVocabulary('llama_vocab_fim_pre'),
    vocabularyFimSuffix: ofVocabulary('llama_vocab_fim_suf'),
    vocabularyFimMiddle: ofVocabulary('llama_vocab_fim_mid'),
    vocabularyText: c('const char* llama_vocab_get_text(void*, int32)') as (vocabulary: VocabularyPointer, token: number) => string,
    vocabularyAddsBos: c('bool llama_vocab_get_add_bos(void*)') as (vocabulary: VocabularyPointer) => boolean,
    vocabularyAddsEos: c('bool llama_vocab_get_add_eos(void*)') as (vocabulary: VocabularyPointer) => boolean,
    vocabularyAddsSeparator: c('bool llama_vocab_get_add_sep(void*)') as (vocabulary: VocabularyPointer) => boolean,
    vocabularyIsEnd: c('bool llama_vocab_is_eog(void*, int32)') as (vocabulary: VocabularyPointer, token: number) => boolean,
    /** Bits of `llama_token_attr`. */
    vocabularyAttributes: c('int32 llama_vocab_get_attr(void*, int32)') as (vocabulary: VocabularyPointer, token: number) => number,
    vocabularyIsControl: c('bool llama_vocab_is_control(void*, int32)') as (vocabulary: VocabularyPointer, token: number) => boolean,
    vocabularySuppressed: c('void* llama_vocab_get_suppress_tokens(void*, int32_t*)') as (
      vocabulary: VocabularyPointer,
      count: Int32Array,
    ) => bigint | null,
    tokenize: c('int32 llama_tokenize(void*, const uint8_t*, int32, int32_t*, int32, bool, bool)') as (
      vocabulary: VocabularyPointer,
      text: Uint8Array,
      sizeBytes: number,
      tokens: Int32Array,
      capacity: number,
      addSpecial: boolean,
      parseSpecial: boolean,
    ) => number,
    detokenize: c('int32 llama_detokenize(void*, const int32_t*, int32, uint8_t*, int32, bool, bool)') as (
      vocabulary: VocabularyPointer,
      tokens: Int32Array,
      count: number,
      text: Uint8Array,
      capacity: number,
      removeSpecial: boolean,
      unparseSpecial: boolean,
    ) => number,
    tokenToPiece: c('int32 llama_token_to_piece(void*, int32, uint8_t*, int32, int32, bool)') as (
      vocabulary: VocabularyPointer,
      token: number,
      text: Uint8Array,
      capacity: number,
      stripSpaces: number,
      special: boolean,
    ) => number,
  }
}

function bindSamplers(llama: LibraryHandle) {
  const c = binderOf(llama)
  return {
    chainInit: c('void* llama_sampler_chain_init(llama_sampler_chain_params)') as (params: { no_perf: boolean }) => SamplerPointer,
    /** The chain owns the sampler from then on. */
    chainAdd: c('void llama_sampler_chain_add(void*, void*)') as (chain: SamplerPointer, sampler: SamplerPointer) => void,
    samplerFree: c('void llama_sampler_free(void*)') as (sampler: SamplerPointer) => void,
    samplerAccept: c('void llama_sampler_accept(void*, int32)') as (sampler: SamplerPointer, token: number) => void,
    samplerApply: c('void llama_sampler_apply(void*, void*)') as (sampler: SamplerPointer, candidates: bigint) => void,
    /** Applies the chain to the logits at that place of the batch, accepts the token and returns it. */
    samplerSample: c('int32 llama_sampler_sample(void*, void*, int32)') as (
      sampler: SamplerPointer,
      context: ContextPointer,
      index: number,
    ) => number,
  }
}

function bindSamplerKinds(llama: LibraryHandle) {
  const c = binderOf(llama)
  return {
    samplerGreedy: c('void* llama_sampler_init_greedy()') as () => SamplerPointer,
    samplerDist: c('void* llama_sampler_init_dist(uint32)') as (seed: number) => SamplerPointer,
    samplerTopK: c('void* llama_sampler_init_top_k(int32)') as (k: number) => SamplerPointer,
    samplerTopP: c('void* llama_sampler_init_top_p(float, size_t)') as (p: number, minKeep: number) => SamplerPointer,
    samplerMinP: c('void* llama_sampler_init_min_p(float, size_t)') as (p: number, minKeep: number) => SamplerPointer,
    samplerTypical: c('void* llama_sampler_init_typical(float, size_t)') as (p: number, minKeep: number) => SamplerPointer,
    samplerTemperature: c('void* llama_sampler_init_temp_ext(float, float, float)') as (
      temperature: number,
      range: number,
      exponent: number,
    ) => SamplerPointer,
    samplerPenalties: c('void* llama_sampler_init_penalties(int32, int32, float, float, float)') as (
      vocabularySize: number,
      lastN: number,
      repeat: number,
      frequency: number,
      presence: number,
    ) => SamplerPointer,
    samplerLogitBias: c('void* llama_sampler_init_logit_bias(int32, int32, const uint8_t*)') as (
      vocabularySize: number,
      count: number,
      biases: Uint8Array,
    ) => SamplerPointer,
    samplerGrammar: c('void* llama_sampler_init_grammar(void*, const char*, const char*)') as (
      vocabulary: VocabularyPointer,
      grammar: string,
      root: string,
    ) => SamplerPointer | null,
    samplerInfill: c('void* llama_sampler_init_infill(void*)') as (vocabulary: VocabularyPointer) => SamplerPointer,
  }
}
