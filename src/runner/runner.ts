// THE seam: one loaded model that completes, embeds and tokenizes. Implementations: parent/ (a child process over the engine) and
// testing/fake (unit tests). Both pass testing/conformance. Errors are AppErrors: `runner_crashed` when the process died under a request,
// `engine_error` when llama.cpp refused, `context_exceeded`, `invalid_format` (grammar), `cancelled`.

/** How a model is loaded. A change of any of these needs another load. Sizes in tokens are per sequence. */
export interface LoadSpec {
  modelPath: string
  adapterPaths: readonly string[]
  /** What makes images and sounds into rows of the context. Absent = the model takes text alone. */
  projectorPath?: string
  /** A file of it is in a layout of Ollama's own: the engine gets a copy in its own (translate/loader.ts), and never sees this. */
  isForeign?: boolean
  contextTokens: number
  /** Slots: sequences that are decoded together, at most. */
  parallel: number
  /**
   * Whole contexts that there is memory for at first, which all slots share; more when what is under way needs more and `mayGrow` allows it.
   * Absent = one for each slot.
   */
  startContexts?: number
  /** Tokens evaluated at once; 0 = automatic. */
  batchTokens: number
  /** Compute threads; 0 = automatic. */
  threads: number
  /** Layers on a GPU; -1 = automatic. */
  gpuLayers: number
  mainGpu?: number
  useMmap?: boolean
  /** ggml type of the KV cache: f16, q8_0, q4_0. */
  kvCacheType: 'f16' | 'f32' | 'bf16' | 'q8_0' | 'q4_0' | 'q4_1' | 'q5_0' | 'q5_1' | 'iq4_nl'
  flashAttention: 'auto' | 'on' | 'off'
  /** Tokens that repeat earlier ones may be guessed and evaluated ahead. The text is the same. */
  speculate: boolean
  /** A small model of the same vocabulary whose guesses are evaluated ahead. One that cannot be used is left out. */
  draft?: DraftSpec
  /** An embedding model: no sampling, pooled vectors. */
  embedding: boolean
  /** Where what sequences hold is saved when they lose their slot or the runner ends. Absent = nowhere. */
  prefixCache?: PrefixCacheSpec
}

/** What there is memory for. */
export interface ContextSize {
  /** That one request may fill. */
  contextTokens: number
  /** Whole contexts, shared by all slots. */
  contexts: number
}

export interface DraftSpec {
  modelPath: string
  /** Tokens that are guessed at a time, at most. */
  mostTokens: number
}

export interface PrefixCacheSpec {
  /** For all models together. */
  folder: string
  limitBytes: number
  /** Of the free space on its disk, at most that. */
  freeShare: number
  /** SHA-256 of the weights, in hexadecimal digits. */
  modelHex: string
  adapterHexes: readonly string[]
}

/** What the engine says of the loaded model. The context and the sizes are those in force: they change when the context grows. */
export interface RunnerFacts {
  processId: number
  /** The context in force, per sequence. */
  contextTokens: number
  trainContextTokens: number
  vocabularySize: number
  embeddingLength: number
  /** 'none' | 'mean' | 'cls' | 'last' | 'rank'. */
  pooling: string
  addsBos: boolean
  addsEos: boolean
  /** Between the two texts of a pair. */
  addsSeparator: boolean
  bosToken: number
  eosToken: number
  /** -1 where the vocabulary has none. */
  separatorToken: number
  bosText: string
  eosText: string
  /** Weights, KV cache and compute buffers as the engine reports them. */
  sizeBytes: number
  sizeVramBytes: number
  loadNs: number
}

export interface Sampling {
  /** -1 = random. */
  seed: number
  temperature: number
  topK: number
  topP: number
  minP: number
  typicalP: number
  repeatLastN: number
  repeatPenalty: number
  presencePenalty: number
  frequencyPenalty: number
  /** Token id -> bias added to its logit. */
  logitBias?: readonly (readonly [token: number, bias: number])[]
}

export interface CompletionRequest {
  /** Text (special tokens in it are parsed, BOS is added as the vocabulary says) or token ids as they are. */
  prompt: string | readonly number[]
  sampling: Sampling
  /** Tokens to make at most; negative = until the context is full or the model ends. 0 = none: prefill only. */
  maxTokens: number
  stop: readonly string[]
  /** Tokens kept at the start when the context shifts or the prompt is cut; negative = the whole prompt. */
  keepTokens: number
  /** At the end of the context: drop the older half and go on (true) or end with `length` (false). */
  contextShift: boolean
  /** A prompt longer than the context: cut its middle (true) or throw `context_exceeded` (false). */
  truncatePrompt: boolean
  /**
   * Tokens that this request may take of the context at most. Beyond the context in force: it grows when the request needs it and
   * `mayGrow` allows it, never beyond the training context. Absent = what is in force.
   */
  contextLimitTokens?: number
  /** GBNF, from the start or from where `grammarAfter` has been written. */
  grammar?: string
  /** The grammar begins after this text of the reply (the end of thinking). */
  grammarAfter?: string
  /**
   * For a grammar that must come to its end: from so many tokens before the last on, or when the model goes round in circles, the first of these
   * texts is taken that is one token and that the grammar allows; an end of generation before all. The first text ends what has no end of its own:
   * where it was taken, the reply's reason is `length`.
   */
  closing?: { tokensLeft: number; texts: readonly string[] }
  /** Log-probabilities for each token, with that many alternatives (0 = the token alone). Absent = none. */
  topLogprobs?: number
  /** The same for the tokens of the prompt, which is then evaluated whole, whatever the cache holds. */
  promptLogprobs?: number
  /** Special tokens that must come out as text (`<think>`, `<tool_call>`, ...); the others are silent. */
  preservedTokens?: readonly string[]
  /** Each token's text leaves at once, where others may wait a moment for the next: for who counts them. */
  eachToken?: boolean
  /** Media, in the order of the `[img-N]` marks. Refused by runners without a projector. */
  images?: readonly Uint8Array[]
}

export interface RunnerTokenLogprob {
  token: string
  logprob: number
  bytes: number[]
}

export interface RunnerLogprob extends RunnerTokenLogprob {
  top?: RunnerTokenLogprob[]
}

/** The first token of a prompt follows nothing: it has no log-probability. */
export interface RunnerPromptLogprob extends Omit<RunnerLogprob, 'logprob'> {
  logprob: number | null
}

export type CompletionChunk =
  /** Before all else, where tokens of the prompt had to go so that it fits. */
  | { type: 'cut'; droppedTokens: number }
  /** Only with `promptLogprobs`, before all text: some of the prompt's tokens, special ones included, in order. */
  | { type: 'prompt'; tokens: RunnerPromptLogprob[] }
  /** Never half a character, never a part of a stop string. Logprobs are those of the tokens that begin in this text. */
  | { type: 'text'; text: string; logprobs?: RunnerLogprob[] }
  | {
      type: 'end'
      /** `stop`: the model ended or a stop string was met. `length`: maxTokens or the context. `repetition`: the model is stuck. */
      reason: 'stop' | 'length' | 'repetition'
      stopSequence?: string
      promptTokens: number
      cachedTokens: number
      promptEvalNs: number
      evalTokens: number
      evalNs: number
      /** Tokens of the prompt that were cut to fit, or lost to a shift of the context while the reply was written. */
      droppedTokens: number
    }

export interface TokenizeOptions {
  addSpecial: boolean
  parseSpecial: boolean
  images?: readonly Uint8Array[]
}

export interface EmbeddingResult {
  /** As the engine gives them: pooled, not normalised. One vector of `embeddingLength` for each input (one number for `rank`). */
  vectors: Float32Array[]
  promptTokens: number
}

export interface RunnerExit {
  code: number | null
  signal: string | null
  /** The last lines of the engine's own log, to explain a death. */
  lastLines: string
}

export interface Runner {
  readonly facts: RunnerFacts
  /** Resolves when the process is gone, for whatever reason. */
  readonly exited: Promise<RunnerExit>
  /** Waits for a free slot, then streams. Ends after `end`. Leaving the iteration early or aborting frees the slot within one decode step. */
  complete(request: CompletionRequest, signal?: AbortSignal): AsyncIterable<CompletionChunk>
  /** Token ids per input, special tokens included; each must fit the context. Throws `context_exceeded`. */
  embed(inputs: readonly (readonly number[])[], signal?: AbortSignal): Promise<EmbeddingResult>
  /**
   * `addSpecial`: BOS/EOS as the vocabulary says. `parseSpecial`: `<|im_start|>` and the like become one token. `images`: as of a completion; each cell
   * of the context that one takes is a number below -1.
   */
  tokenize(text: string, options: TokenizeOptions): Promise<number[]>
  detokenize(tokens: readonly number[]): Promise<string>
  /** Ends the process: asked first, killed after a bounded wait. Requests under way fail with `runner_crashed`. Idempotent. */
  close(): Promise<void>
}

export interface LoadRunnerOptions {
  signal?: AbortSignal
  /** Now and then while it loads; the amount may be the same as before. */
  onProgress?: (loadedBytes: number) => void
  /** Is there memory for such a context beside the one in force? Absent = the context never grows. */
  mayGrow?: (wanted: ContextSize) => boolean
}

/** Loads a model. Throws `load_failed` with the engine's last words, `insufficient_memory`, `cancelled`. */
export type LoadRunner = (spec: LoadSpec, options: LoadRunnerOptions) => Promise<Runner>

/** What the engine says of itself without a model. */
export interface EngineReport {
  /** Of llama.cpp. */
  version: string
  /** The package that it came in: `linux-x64`, `linux-x64-cuda`. */
  variant: string
  /** Instruction sets and accelerators that it was built for and found, in its own words. */
  system: string
}

/** Loads the engine's libraries in a process of its own and proves the layouts of its structs. Throws `load_failed` with what is wrong. */
export type ProbeEngine = () => Promise<EngineReport>

/** How a model file is converted into another. */
export interface QuantizeSpec {
  sourcePath: string
  /** Written, whatever is there. */
  targetPath: string
  /** llama_ftype: the mix of types. */
  fileType: number
  /** ggml types of single tensors in place of those of the mix, where it is a quantized one: regular expressions on names, the first that fits. */
  tensorTypes: readonly { pattern: string; type: number }[]
}

export interface QuantizeOptions {
  signal?: AbortSignal
  /** A tensor has been written. */
  onTensor?: (name: string) => void
}

/**
 * Converts a model in a process of its own, which is gone when the promise settles; one at a time, others wait. Throws `engine_error` with the
 * engine's own words, `runner_crashed`, `load_failed` and `cancelled`; what was written until then is for the caller to remove.
 */
export type QuantizeModel = (spec: QuantizeSpec, options: QuantizeOptions) => Promise<void>
