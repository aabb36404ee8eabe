// How the next token is chosen: llama.cpp's samplers in the order of llama-server's default chain, so that a seed gives the text that Ollama
// gives. They choose from a short list where there is one (shortlist.ts). With a grammar the chain chooses first and the grammar only looks; a
// choice it refuses is made again under the grammar, which costs a pass over the whole vocabulary. The engine's grammar reads the text of
// tokens, which is not always what comes out: parts of characters may only make whole ones here, and a special token that says nothing is
// never chosen. Refuses options on which the engine would abort the process.

import { AppError } from '../../../base/errors.ts'
import type { Sampling } from '../../protocol.ts'
import type { Sampler, SamplerOptions } from '../engine.ts'
import { createShortlist, type Shortlist } from '../shortlist.ts'
import type { TokenPiece } from '../text-output.ts'
import { afterBytes, BETWEEN_CHARACTERS, type Utf8State } from '../utf8-state.ts'
import type { ContextPointer, LlamaApi, SamplerPointer, VocabularyPointer } from './api.ts'
import type { CandidateList } from './candidate-list.ts'
import { viewFloats } from './native-memory.ts'

/** A grammar beyond this is no format that somebody wrote; the engine's parser is quadratic in places. */
export const MAX_GRAMMAR_LENGTH = 1024 * 1024

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

export function createSampler(context: SamplingContext, options: SamplerOptions): Sampler {
  refuseWrongSampling(options.sampling)
  const grammar = options.grammar === undefined ? undefined : createGrammar(context, options.grammar)
  const chain = new Chain(context, options.sampling)
  if (grammar === undefined) return plainSampler(chain)
  return new GrammarSampler(context, { chain, grammar, active: !options.grammarLater, spoken: options.spokenTokens ?? new Set() })
}

function plainSampler(chain: Chain): Sampler {
  return {
    see: (token) => chain.see(token),
    sample: (index) => chain.sample(index),
    startGrammar: () => {},
    close: () => chain.close(),
  }
}

/** The samplers that know no grammar. */
class Chain {
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

interface GrammarParts {
  chain: Chain
  grammar: SamplerPointer
  active: boolean
  spoken: ReadonlySet<number>
}

class GrammarSampler implements Sampler {
  readonly #context: SamplingContext
  readonly #chain: Chain
  readonly #grammar: SamplerPointer
  readonly #spoken: ReadonlySet<number>
  #active: boolean
  #characters: Utf8State = BETWEEN_CHARACTERS

  constructor(context: SamplingContext, parts: GrammarParts) {
    this.#context = context
    this.#chain = parts.chain
    this.#grammar = parts.grammar
    this.#active = parts.active
    this.#spoken = parts.spoken
  }

  see(token: number): void {
    this.#chain.see(token)
  }

  sample(index: number, preferred: readonly number[] = []): number {
    if (!this.#active) return this.#chain.sample(index)
    const token = preferred.find((candidate) => this.#allows(candidate)) ?? this.#choose(index)
    this.#context.api.samplerAccept(this.#grammar, token)
    this.see(token)
    this.#characters = this.#charactersAfter(token) ?? BETWEEN_CHARACTERS
    return token
  }

  startGrammar(): void {
    this.#active = true
  }

  close(): void {
    this.#chain.close()
    this.#context.api.samplerFree(this.#grammar)
  }

  #choose(index: number): number {
    const { api, candidates } = this.#context
    const logits = readLogits(this.#context, index)
    const first = this.#chain.choose(logits)
    if (this.#allows(first)) return first
    // Which tokens come out otherwise is found out one by one: there is seldom a second, and to know them all takes a pass over all pieces.
    const refused: number[] = []
    while (true) {
      candidates.fill(logits, refused)
      api.samplerApply(this.#grammar, candidates.address)
      const next = this.#chain.chooseCandidate()
      if (this.#allows(next)) return next
      if (this.#charactersAfter(next) !== undefined || refused.includes(next)) {
        throw new AppError('engine_error', 'the format leaves the model no way to go on')
      }
      refused.push(next)
    }
  }

  #allows(token: number): boolean {
    if (this.#charactersAfter(token) === undefined) return false
    const { api, candidates } = this.#context
    candidates.only(token)
    api.samplerApply(this.#grammar, candidates.address)
    return candidates.firstLogit() !== Number.NEGATIVE_INFINITY
  }

  /** Undefined for a token that does not come out as the grammar reads it. */
  #charactersAfter(token: number): Utf8State | undefined {
    if (this.#context.isEnd(token)) return this.#characters
    const { bytes, text } = this.#context.piece(token, this.#spoken.has(token))
    if (bytes.length === 0) return undefined
    return text !== undefined && this.#characters.missing === 0 ? BETWEEN_CHARACTERS : afterBytes(this.#characters, bytes)
  }
}

function readLogits({ api, context, vocabularySize }: SamplingContext, index: number): Float32Array {
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

function createGrammar({ api, vocabulary }: SamplingContext, text: string): SamplerPointer {
  if (text.length > MAX_GRAMMAR_LENGTH) throw new AppError('invalid_format', 'the format makes a grammar that is too long')
  const grammar = text.trim() === '' ? null : api.samplerGrammar(vocabulary, text, 'root')
  if (grammar === null) throw new AppError('invalid_format', 'failed to parse grammar')
  return grammar
}

function refuseWrongSampling(sampling: Sampling): void {
  const wrong = (name: string, must: string) => new AppError('invalid_option', `${name} must be ${must}`, { details: { param: name } })
  if (!(Number.isFinite(sampling.repeatPenalty) && sampling.repeatPenalty > 0)) throw wrong('repeat_penalty', 'greater than 0')
  if (!Number.isFinite(sampling.frequencyPenalty)) throw wrong('frequency_penalty', 'finite')
  if (!Number.isFinite(sampling.presencePenalty)) throw wrong('presence_penalty', 'finite')
  const { repeatLastN, topK, temperature, topP, minP } = sampling
  for (const [name, value] of Object.entries({ repeat_last_n: repeatLastN, top_k: topK, temperature, top_p: topP, min_p: minP })) {
    if (!Number.isFinite(value)) throw wrong(name, 'finite')
  }
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
