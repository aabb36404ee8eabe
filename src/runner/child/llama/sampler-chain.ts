// llama.cpp's samplers in the order of llama-server's default chain, so that a seed gives the text that Ollama gives. They choose from a short list
// where there is one (../shortlist.ts), and from the engine's own list of the whole vocabulary where only that is sure to give the same choice.

import { AppError } from '../../../base/errors.ts'
import type { Sampling } from '../../protocol.ts'
import { createShortlist, type Shortlist } from '../shortlist.ts'
import type { TokenPiece } from '../text-output.ts'
import type { ContextPointer, LlamaApi, SamplerPointer, VocabularyPointer } from './api.ts'
import type { CandidateList } from './candidate-list.ts'
import { viewFloats } from './native-memory.ts'

/** Penalties and biases beyond this could make infinities of logits, and then what is no number. */
const MOST_WEIGHT = 1e6

/** Samplers outlive a context that grows, so they look its pointer up here at each token. */
export interface SamplingContext {
  readonly api: LlamaApi
  context: ContextPointer
  vocabulary: VocabularyPointer
  vocabularySize: number
  contextTokens: number
  candidates: CandidateList
  piece(token: number, special: boolean): TokenPiece
  isEnd(token: number): boolean
}

export class SamplerChain {
  readonly pointer: SamplerPointer
  readonly #context: SamplingContext
  readonly #shortlist: Shortlist | undefined
  /** Only penalties look back. */
  readonly #remembers: boolean
  /** The most likely token is the choice, whatever the samplers are. */
  readonly #takesLikeliest: boolean

  constructor(context: SamplingContext, sampling: Sampling) {
    const biases = mergedBiases(context, sampling)
    const windowTokens = hasPenalties(sampling) ? penaltyWindow(context, sampling) : 0
    this.#context = context
    this.pointer = createChain(context, sampling, biases)
    this.#shortlist = shortlistFor(context, sampling, { biases, windowTokens })
    this.#remembers = windowTokens > 0
    this.#takesLikeliest = !isCut(sampling) && biases.length === 0 && !this.#remembers
  }

  see(token: number): void {
    if (!this.#remembers) return
    this.#context.api.samplerAccept(this.pointer, token)
    this.#shortlist?.see(token)
  }

  /** Chooses a token and sees it. */
  sample(index: number): number {
    const listed = this.#chooseListed(readLogits(this.#context, index))
    if (listed !== undefined) {
      this.see(listed)
      return listed
    }
    const token = this.#context.api.samplerSample(this.pointer, this.#context.context, index)
    this.#shortlist?.see(token)
    return token
  }

  choose(logits: Float32Array): number {
    const listed = this.#chooseListed(logits)
    if (listed !== undefined) return listed
    this.#context.candidates.fill(logits)
    return this.chooseCandidate()
  }

  /** Of the candidates that are left. */
  chooseCandidate(): number {
    const { api, candidates } = this.#context
    api.samplerApply(this.pointer, candidates.address)
    return candidates.selected()
  }

  close(): void {
    this.#context.api.samplerFree(this.pointer)
  }

  #chooseListed(logits: Float32Array): number | undefined {
    const ids = this.#shortlist?.pick(logits)
    if (ids === undefined) return undefined
    if (this.#takesLikeliest) return ids[ids.length - 1]
    this.#context.candidates.fillFrom(logits, ids)
    return this.chooseCandidate()
  }
}

export function readLogits({ api, context, vocabularySize }: SamplingContext, index: number): Float32Array {
  const address = api.logitsAt(context, index)
  if (address === null) throw new AppError('engine_error', 'the engine has no logits for a token')
  return viewFloats(address, vocabularySize)
}

// Source of the order: common/sampling.cpp and the defaults of common.h in llama.cpp 0.5.0, less the samplers that Ollama leaves off (DRY,
// top-n-sigma, XTC, mirostat). At temperature 0 the last step takes the most likely of what is left, as theirs does.
function createChain(context: SamplingContext, sampling: Sampling, biases: readonly (readonly [number, number])[]): SamplerPointer {
  const { api, vocabularySize } = context
  const chain = api.chainInit({ no_perf: true })
  const add = (sampler: SamplerPointer) => api.chainAdd(chain, sampler)
  if (biases.length > 0) add(api.samplerLogitBias(vocabularySize, biases.length, packBiases(biases)))
  const lastN = penaltyWindow(context, sampling)
  add(api.samplerPenalties(vocabularySize, lastN, sampling.repeatPenalty, sampling.frequencyPenalty, sampling.presencePenalty))
  if (isCut(sampling)) {
    add(api.samplerTopK(Math.max(Math.min(sampling.topK, vocabularySize), 0)))
    add(api.samplerTypical(sampling.typicalP, 0))
    add(api.samplerTopP(sampling.topP, 0))
    add(api.samplerMinP(sampling.minP, 0))
  }
  if (sampling.temperature > 0) {
    add(api.samplerTemperature(sampling.temperature, 0, 1))
    // -1 becomes 0xffffffff, which is the engine's word for a random seed.
    add(api.samplerDist(sampling.seed >>> 0))
  } else {
    add(api.samplerGreedy())
  }
  return chain
}

/** Undefined where only the engine's own list of all is sure to give the same choice. */
function shortlistFor(
  { vocabularySize }: SamplingContext,
  sampling: Sampling,
  { biases, windowTokens }: { biases: readonly (readonly [number, number])[]; windowTokens: number },
): Shortlist | undefined {
  const { repeatPenalty, frequencyPenalty, presencePenalty } = sampling
  const factors = [repeatPenalty, 1 / repeatPenalty, frequencyPenalty, presencePenalty]
  // Only what forbids a token is infinite, and its sum with a logit is still a number.
  const sums = biases.map(([, bias]) => bias).filter((bias) => bias !== Number.NEGATIVE_INFINITY)
  if (![...factors, ...sums].every((value) => Math.abs(value) <= MOST_WEIGHT)) return undefined
  const count = isCut(sampling) ? Math.trunc(Math.min(sampling.topK, vocabularySize)) : 1
  return createShortlist({ count, biased: biases.map(([token]) => token), windowTokens })
}

/** Whether top-k and what follows it have a say: at temperature 0 only the typical ones can take the most likely token away. */
function isCut({ temperature, typicalP }: Sampling): boolean {
  return temperature > 0 || typicalP < 1
}

/** The engine sets memory aside for all of the window, and there is nothing to see beyond the context. */
function penaltyWindow({ contextTokens }: SamplingContext, { repeatLastN }: Sampling): number {
  return repeatLastN < 0 ? contextTokens : Math.min(repeatLastN, contextTokens)
}

function hasPenalties({ repeatPenalty, frequencyPenalty, presencePenalty }: Sampling): boolean {
  return repeatPenalty !== 1 || frequencyPenalty !== 0 || presencePenalty !== 0
}

function mergedBiases({ api, vocabulary, vocabularySize }: SamplingContext, sampling: Sampling): (readonly [number, number])[] {
  const asked = (sampling.logitBias ?? []).filter(([token]) => Number.isInteger(token) && token >= 0 && token < vocabularySize)
  const count = new Int32Array(1)
  const address = api.vocabularySuppressed(vocabulary, count)
  if (address === null || (count[0] as number) <= 0) return asked
  const suppressed = new Int32Array(viewFloats(address, count[0] as number).buffer, 0, count[0] as number)
  return [...asked, ...Array.from(suppressed, (token) => [token, Number.NEGATIVE_INFINITY] as const)]
}

/** llama_logit_bias[]: int32 token, float bias. */
function packBiases(biases: readonly (readonly [number, number])[]): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(biases.length * 8))
  for (const [index, [token, bias]] of biases.entries()) {
    bytes.setInt32(index * 8, token, true)
    bytes.setFloat32(index * 8 + 4, bias, true)
  }
  return new Uint8Array(bytes.buffer)
}
