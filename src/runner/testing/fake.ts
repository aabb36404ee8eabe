// A Runner without an engine, for the tests of everything above the seam. It answers what the test has scripted and holds to the seam's
// contract in full (testing/conformance.ts): slots, cached prefixes, stop strings, limits, cancel, death. Its tokens are UTF-8 bytes and a
// few special tokens; each piece of a scripted reply counts as one token. Times are made up: 1 ms for each token.

import { setImmediate } from 'node:timers/promises'
import { onAbort, throwIfAborted } from '../../base/abort.ts'
import { AppError, cancelled } from '../../base/errors.ts'
import { largerContext, replyReserve } from '../child/growth.ts'
import { fitPrompt } from '../child/prompt-fit.ts'
import { TextOutput, toTokenPiece } from '../child/text-output.ts'
import type {
  CompletionChunk,
  CompletionRequest,
  ContextSize,
  EmbeddingResult,
  LoadRunner,
  LoadSpec,
  Runner,
  RunnerExit,
  RunnerFacts,
  RunnerLogprob,
} from '../runner.ts'
import { type FakeReply, fakeLogprob, fakePromptLogprobs, storyOf, toReply, toTextChunk } from './fake-reply.ts'
import { FAKE_BOS, FAKE_EOS, FAKE_VOCABULARY_SIZE, fromFakeTokens, toFakeTokens } from './fake-tokens.ts'

export interface FakeRunnerOptions {
  spec?: Partial<LoadSpec>
  facts?: Partial<RunnerFacts>
  /** As in LoadRunnerOptions. */
  mayGrow?: ((wanted: ContextSize) => boolean) | undefined
  /** The reply to the request with that number (0, 1, ...). Default: an endless story that depends on the prompt. */
  reply?: (request: CompletionRequest, index: number) => FakeReply
  /** Awaited before each token; a test holds it back to stand in the middle of a reply. */
  beforeToken?: (request: CompletionRequest, position: number) => Promise<void> | void
  /** The vector of one input; default: counts of its tokens. */
  embed?: (tokens: readonly number[]) => number[]
}

export interface FakeRunner extends Runner {
  /** What was asked, in order. */
  readonly requests: readonly CompletionRequest[]
  /** Requests that have a slot now. */
  readonly activeCount: number
  readonly closed: boolean
  /** The process dies: requests under way and later ones fail with `runner_crashed`. */
  crash(lastLines?: string): void
}

export interface FakeLoaderOptions {
  runner?: (spec: LoadSpec, index: number) => Omit<FakeRunnerOptions, 'spec' | 'mayGrow'>
  /** Awaited before the runner is ready; throw to let the load fail. */
  beforeLoad?: (spec: LoadSpec, index: number) => Promise<void> | void
}

export interface FakeLoader {
  load: LoadRunner
  /** Every load that was asked for; `runner` once it is ready. */
  readonly loads: readonly { spec: LoadSpec; runner?: FakeRunner }[]
}

export const FAKE_SPEC: Readonly<LoadSpec> = {
  modelPath: 'fake.gguf',
  adapterPaths: [],
  contextTokens: 4096,
  parallel: 1,
  batchTokens: 0,
  threads: 0,
  gpuLayers: -1,
  kvCacheType: 'f16',
  flashAttention: 'auto',
  speculate: true,
  embedding: false,
}

const TOKEN_NS = 1e6
const EMBEDDING_LENGTH = 8

export function createFakeRunner(options: FakeRunnerOptions = {}): FakeRunner {
  return new Fake(options)
}

export function createFakeLoader(options: FakeLoaderOptions = {}): FakeLoader {
  const loads: { spec: LoadSpec; runner?: FakeRunner }[] = []
  return {
    loads,
    async load(spec, { signal, onProgress, mayGrow }) {
      throwIfAborted(signal)
      const index = loads.length
      const entry: { spec: LoadSpec; runner?: FakeRunner } = { spec }
      loads.push(entry)
      onProgress?.(0)
      await options.beforeLoad?.(spec, index)
      throwIfAborted(signal)
      entry.runner = createFakeRunner({ ...options.runner?.(spec, index), spec, mayGrow })
      return entry.runner
    },
  }
}

class Fake implements FakeRunner {
  readonly exited: Promise<RunnerExit>
  readonly requests: CompletionRequest[] = []
  readonly #options: FakeRunnerOptions
  readonly #spec: LoadSpec
  #facts: RunnerFacts
  readonly #slots: { busy: boolean; tokens: readonly number[] }[]
  readonly #waiting: (() => void)[] = []
  readonly #dying = new Set<() => void>()
  #exit: RunnerExit | undefined
  #resolveExited: (exit: RunnerExit) => void = () => {}

  constructor(options: FakeRunnerOptions) {
    this.#options = options
    this.#spec = { ...FAKE_SPEC, ...options.spec }
    this.#slots = Array.from({ length: this.#spec.parallel }, () => ({ busy: false, tokens: [] }))
    this.#facts = { ...fakeFacts(this.#spec), ...options.facts }
    this.exited = new Promise((resolve) => {
      this.#resolveExited = resolve
    })
  }

  get facts(): RunnerFacts {
    return this.#facts
  }

  get activeCount(): number {
    return this.#slots.filter((slot) => slot.busy).length
  }

  get closed(): boolean {
    return this.#exit !== undefined
  }

  async *complete(request: CompletionRequest, signal?: AbortSignal): AsyncGenerator<CompletionChunk> {
    const index = this.requests.push(request) - 1
    if (this.#spec.embedding) throw new AppError('unsupported_capability', 'this model is loaded for embeddings')
    const prompt = this.#promptOf(request)
    refuseWrongGrammar(request.grammar)
    const slot = await this.#freeSlot(prompt.tokens, signal)
    try {
      const shared = request.promptLogprobs === undefined ? commonPrefixLength(slot.tokens, prompt.tokens) : 0
      const cachedTokens = Math.min(shared, prompt.tokens.length - 1)
      slot.tokens = prompt.tokens
      if (prompt.droppedTokens > 0) yield { type: 'cut', droppedTokens: prompt.droppedTokens }
      if (request.promptLogprobs !== undefined) {
        yield {
          type: 'prompt',
          tokens: fakePromptLogprobs(
            prompt.tokens.map((token) => fromFakeTokens([token])),
            request.promptLogprobs,
          ),
        }
      }
      const reply = toReply(this.#options.reply?.(request, index) ?? storyOf(prompt.tokens))
      const outcome = yield* this.#write(request, { pieces: reply.pieces, promptTokens: prompt.tokens.length }, signal)
      if (outcome.reason === undefined && reply.end instanceof AppError) throw reply.end
      yield {
        type: 'end',
        reason: outcome.reason ?? (reply.end instanceof AppError ? 'stop' : reply.end),
        ...(outcome.stopSequence === undefined ? {} : { stopSequence: outcome.stopSequence }),
        promptTokens: prompt.tokens.length,
        cachedTokens,
        promptEvalNs: (prompt.tokens.length - cachedTokens) * TOKEN_NS,
        evalTokens: outcome.evalTokens,
        evalNs: outcome.evalTokens * TOKEN_NS,
        droppedTokens: prompt.droppedTokens,
      }
    } finally {
      slot.busy = false
      this.#waiting.shift()?.()
    }
  }

  async embed(inputs: readonly (readonly number[])[], signal?: AbortSignal): Promise<EmbeddingResult> {
    throwIfAborted(signal)
    this.#refuseDead()
    if (!this.#spec.embedding) throw new AppError('unsupported_capability', 'this model is not loaded for embeddings')
    for (const input of inputs) {
      if (input.length === 0) throw new AppError('invalid_request', 'an input without tokens cannot be embedded')
      if (input.length > this.#spec.contextTokens) throw new AppError('context_exceeded', 'the input length exceeds the context length')
    }
    await setImmediate()
    throwIfAborted(signal)
    this.#refuseDead()
    const embed = this.#options.embed ?? countTokens
    return {
      vectors: inputs.map((input) => Float32Array.from(embed(input))),
      promptTokens: inputs.reduce((sum, input) => sum + input.length, 0),
    }
  }

  async tokenize(text: string, options: { addSpecial: boolean; parseSpecial: boolean }): Promise<number[]> {
    this.#refuseDead()
    return this.#tokenize(text, options)
  }

  async detokenize(tokens: readonly number[]): Promise<string> {
    this.#refuseDead()
    return fromFakeTokens(tokens)
  }

  async close(): Promise<void> {
    this.#die({ code: 0, signal: null, lastLines: '' })
  }

  crash(lastLines = 'fake: crashed'): void {
    this.#die({ code: null, signal: 'SIGKILL', lastLines })
  }

  /** Streams the reply; `reason` is absent when it was written to its end. */
  async *#write(
    request: CompletionRequest,
    reply: { pieces: Iterable<string>; promptTokens: number },
    signal: AbortSignal | undefined,
  ): AsyncGenerator<CompletionChunk, { reason?: 'stop' | 'length'; stopSequence?: string; evalTokens: number }> {
    const output = new TextOutput<RunnerLogprob>(request.stop)
    const limit = request.maxTokens < 0 ? Number.POSITIVE_INFINITY : request.maxTokens
    let evalTokens = 0
    let reason: 'stop' | 'length' | undefined
    const pieces = reply.pieces[Symbol.iterator]()
    while (reason === undefined && output.stopSequence === undefined) {
      await this.#beforeToken(request, evalTokens, signal)
      if (evalTokens >= limit || !this.#hasRoom(request, reply.promptTokens + evalTokens)) {
        reason = 'length'
        break
      }
      const next = pieces.next()
      if (next.done) break
      evalTokens++
      const chunk = output.push(toTokenPiece(Buffer.from(next.value)), fakeLogprob(next.value, request.topLogprobs))
      if (chunk.text !== '') yield toTextChunk(chunk)
    }
    pieces.return?.()
    const stopSequence = output.stopSequence
    if (stopSequence !== undefined) return { reason: 'stop', stopSequence, evalTokens }
    const rest = output.finish()
    if (rest.text !== '') yield toTextChunk(rest)
    return reason === undefined ? { evalTokens } : { reason, evalTokens }
  }

  async #beforeToken(request: CompletionRequest, position: number, signal: AbortSignal | undefined): Promise<void> {
    await this.#untilDeath(Promise.resolve(this.#options.beforeToken?.(request, position) ?? setImmediate()), signal)
  }

  /** The promise, unless the signal aborts or the fake process dies first. */
  async #untilDeath<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    throwIfAborted(signal)
    this.#refuseDead()
    let release = () => {}
    const interrupted = new Promise<never>((_, reject) => {
      const die = () => reject(this.#crashed())
      this.#dying.add(die)
      const off = onAbort(signal, () => reject(cancelled(signal?.reason)))
      release = () => {
        this.#dying.delete(die)
        off()
      }
    })
    try {
      return await Promise.race([promise, interrupted])
    } finally {
      release()
    }
  }

  async #freeSlot(prompt: readonly number[], signal: AbortSignal | undefined): Promise<{ busy: boolean; tokens: readonly number[] }> {
    throwIfAborted(signal)
    this.#refuseDead()
    while (true) {
      const free = this.#slots.filter((slot) => !slot.busy)
      const best = free.sort((a, b) => commonPrefixLength(b.tokens, prompt) - commonPrefixLength(a.tokens, prompt))[0]
      if (best) {
        best.busy = true
        return best
      }
      let wake = () => {}
      const woken = new Promise<void>((resolve) => {
        wake = resolve
        this.#waiting.push(resolve)
      })
      try {
        await this.#untilDeath(woken, signal)
      } catch (error) {
        const at = this.#waiting.indexOf(wake)
        if (at >= 0) this.#waiting.splice(at, 1)
        else this.#waiting.shift()?.()
        throw error
      }
    }
  }

  #promptOf(request: CompletionRequest): { tokens: readonly number[]; droppedTokens: number } {
    if (request.images && request.images.length > 0 && this.#spec.projectorPath === undefined)
      throw new AppError('unsupported_capability', 'this model takes no images')
    const tokens =
      typeof request.prompt === 'string' ? this.#tokenize(request.prompt, { addSpecial: true, parseSpecial: true }) : request.prompt
    this.#grow(request, tokens.length + replyReserve(request.maxTokens, this.#facts.contextTokens))
    return fitPrompt(tokens, {
      contextTokens: this.#contextOf(request),
      keepTokens: request.keepTokens,
      addsBos: this.facts.addsBos,
      truncate: request.truncatePrompt,
    })
  }

  #contextOf({ contextLimitTokens }: CompletionRequest): number {
    return Math.min(this.#facts.contextTokens, contextLimitTokens ?? Number.POSITIVE_INFINITY)
  }

  #hasRoom(request: CompletionRequest, heldTokens: number): boolean {
    if (heldTokens >= this.#contextOf(request)) this.#grow(request, heldTokens + 1)
    return request.contextShift || heldTokens < this.#contextOf(request)
  }

  #grow({ contextLimitTokens = 0 }: CompletionRequest, neededTokens: number): void {
    const { contextTokens, trainContextTokens } = this.#facts
    const limitTokens = Math.min(contextLimitTokens, trainContextTokens)
    const next = largerContext({ contextTokens, neededTokens, limitTokens })
    if (next !== undefined && this.#options.mayGrow?.({ contextTokens: next, contexts: 1 }))
      this.#facts = { ...this.#facts, contextTokens: next }
  }

  #tokenize(text: string, { addSpecial, parseSpecial }: { addSpecial: boolean; parseSpecial: boolean }): number[] {
    const tokens = toFakeTokens(text, parseSpecial)
    return addSpecial && this.facts.addsBos ? [this.facts.bosToken, ...tokens] : tokens
  }

  #refuseDead(): void {
    if (this.#exit) throw this.#crashed()
  }

  #crashed(): AppError {
    return new AppError('runner_crashed', 'the runner has ended', { details: { lastLines: this.#exit?.lastLines ?? '' } })
  }

  #die(exit: RunnerExit): void {
    if (this.#exit) return
    this.#exit = exit
    for (const fail of this.#dying) fail()
    this.#resolveExited(exit)
  }
}

function fakeFacts(spec: LoadSpec): RunnerFacts {
  return {
    processId: 1,
    contextTokens: spec.contextTokens,
    trainContextTokens: 8192,
    vocabularySize: FAKE_VOCABULARY_SIZE,
    embeddingLength: EMBEDDING_LENGTH,
    pooling: spec.embedding ? 'mean' : 'none',
    addsBos: false,
    addsEos: false,
    addsSeparator: false,
    separatorToken: -1,
    bosToken: FAKE_BOS.token,
    eosToken: FAKE_EOS.token,
    bosText: FAKE_BOS.text,
    eosText: FAKE_EOS.text,
    sizeBytes: 1_000_000,
    sizeVramBytes: 0,
    loadNs: TOKEN_NS,
  }
}

function commonPrefixLength(left: readonly number[], right: readonly number[]): number {
  let length = 0
  while (length < left.length && length < right.length && left[length] === right[length]) length++
  return length
}

function refuseWrongGrammar(grammar: string | undefined): void {
  if (grammar !== undefined && !/^\s*root\s*::=/m.test(grammar)) throw new AppError('invalid_format', 'the grammar has no rule named root')
}

function countTokens(tokens: readonly number[]): number[] {
  const counts = Array.from({ length: EMBEDDING_LENGTH }, () => 0)
  for (const token of tokens) counts[token % EMBEDDING_LENGTH] = (counts[token % EMBEDDING_LENGTH] as number) + 1
  return counts
}
