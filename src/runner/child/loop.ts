// The runner's heart: continuous batching. Each step evaluates the next token of every decoding slot together with a bounded piece of the
// prompts that are still being read, samples, and sends what came of it in one message. Requests that find no slot wait in the order they
// came. A request that is gone or whose reader is slow takes no part in the next step. One that needs a larger context waits for the parent's
// word on it while the others go on; a context grows between two steps. Nothing here knows processes or llama.cpp.

import type { Clock } from '../../base/clock.ts'
import { AppError, toAppError } from '../../base/errors.ts'
import type { CompletionChunk, CompletionRequest, ContextSize, StepChunk, ToParent } from '../protocol.ts'
import { Admission } from './admission.ts'
import { type Completion, createCompletion } from './completion.ts'
import { EmbeddingJob } from './embedding.ts'
import type { Engine } from './engine.ts'
import { largerContext, moreSlots, replyReserve } from './growth.ts'
import { PrefillPace } from './prefill-pace.ts'
import type { PrefixCache } from './prefix-cache.ts'
import { PrefixKeeper } from './prefix-keeper.ts'
import { Slot } from './slot.ts'
import { type Drafting, type Guess, NO_GUESS, Speculation } from './speculation.ts'
import { sharePrefill } from './step-plan.ts'
import type { ThreadGovernor } from './thread-governor.ts'

/** Requests that wait for a slot. The scheduler bounds them long before; this stops a caller without one. */
export const MAX_WAITING = 4096
/** When there was no memory for more slots, so long passes before they are asked for again. */
export const SLOTS_RETRY_NS = 5e9
/** Each output of a batch is as large as the vocabulary: so many of a prompt's tokens have one in one step. */
export const MAX_PROMPT_OUTPUTS = 64

export interface LoopOptions {
  engine: Engine
  governor: ThreadGovernor
  clock: Pick<Clock, 'monotonicNs'>
  send: (message: ToParent) => void
  /** Whether tokens may be guessed and evaluated ahead. */
  speculate: boolean
  /** What guesses where nothing was said before. */
  drafting?: Drafting | undefined
  /** Where states of sequences go that lose their slot. */
  prefixCache?: PrefixCache | undefined
}

/** What a slot has in the batch. */
interface Entry {
  slot: Slot
  completion: Completion
  count: number
  /** At the tokens after those. */
  guess: Guess
  /** Places of the logits: behind the last token and each guess. None while the prompt goes on. */
  outputs: readonly number[]
  /** Places of the prompt's tokens, where their log-probabilities are wanted. */
  promptPlaces: readonly number[]
}

export class Loop {
  readonly #options: LoopOptions
  readonly #pace: PrefillPace
  readonly #slots: Slot[]
  readonly #keeper: PrefixKeeper | undefined
  readonly #admission: Admission
  readonly #speculation: Speculation | undefined
  readonly #waiting: Completion[] = []
  readonly #embeddings: EmbeddingJob[] = []
  #threads = 1
  /** The growth that the parent was asked for: for one request, or for all that wait for a slot. */
  #growth: { size: ContextSize; completion?: Completion } | undefined
  #noMoreSlotsUntilNs = Number.NEGATIVE_INFINITY

  constructor(options: LoopOptions) {
    const { engine, prefixCache: cache } = options
    this.#options = options
    this.#pace = new PrefillPace(engine.batchTokens)
    this.#slots = Array.from({ length: engine.sequences }, (_, sequence) => new Slot(sequence))
    this.#keeper = cache && new PrefixKeeper({ engine, cache, tokenNs: () => this.#pace.tokenNs })
    this.#speculation = options.speculate ? new Speculation(engine, options.drafting) : undefined
    this.#admission = new Admission({ engine, keeper: this.#keeper }, this.#slots)
  }

  submit(id: number, request: CompletionRequest): void {
    this.#answerFor(id, () => {
      if (this.#options.engine.facts.pooling !== 'none') throw new AppError('unsupported_capability', 'this model is loaded for embeddings')
      if (this.#waiting.length >= MAX_WAITING) throw new AppError('server_busy', 'too many requests wait for this model')
      const completion = createCompletion(this.#options, id, request)
      if (completion.prompt.length > 0) {
        this.#waiting.push(completion)
        return
      }
      this.#sendChunks(completion.end('stop').map((chunk) => ({ id, chunk })))
      completion.close()
    })
  }

  embed(id: number, inputs: readonly (readonly number[])[]): void {
    this.#answerFor(id, () => {
      const job = new EmbeddingJob(this.#options.engine, id, inputs)
      if (job.done) this.#sendEmbedding(job)
      else this.#embeddings.push(job)
    })
  }

  cancel(id: number): void {
    const waiting = this.#waiting.findIndex((completion) => completion.id === id)
    if (waiting >= 0) this.#waiting.splice(waiting, 1)[0]?.close()
    const embedding = this.#embeddings.findIndex((job) => job.id === id)
    if (embedding >= 0) this.#embeddings.splice(embedding, 1)
    const slot = this.#slots.find((candidate) => candidate.completion?.id === id)
    if (slot) this.#free(slot)
  }

  setPaused(id: number, paused: boolean): void {
    const completion = [...this.#waiting, ...this.#slots.map((slot) => slot.completion)].find((candidate) => candidate?.id === id)
    if (completion) completion.paused = paused
  }

  /** The parent's word on the growth that was asked for. */
  answerGrowth(granted: boolean): void {
    const { engine, send, clock } = this.#options
    const growth = this.#growth
    this.#growth = undefined
    if (!growth || !(growth.completion ? this.#has(growth.completion) : this.#waiting.length > 0)) return
    if (granted && engine.grow(growth.size)) {
      this.#speculation?.grow(growth.size.contextTokens)
      for (let sequence = this.#slots.length; sequence < engine.sequences; sequence++) this.#slots.push(new Slot(sequence))
      send({ type: 'grown', size: { contextTokens: engine.facts.contextTokens, slots: engine.sequences } })
    } else if (growth.completion) growth.completion.growthRefused = true
    else this.#noMoreSlotsUntilNs = clock.monotonicNs() + SLOTS_RETRY_NS
  }

  /** No step may follow. What the slots hold is saved, unless that takes too long. */
  async close(late: Promise<void>): Promise<void> {
    await this.#keeper?.close(this.#slots, late)
  }

  /** One step; false when there is nothing to do until the next message. */
  step(): boolean {
    if (this.#embeddings.length > 0) {
      this.#stepEmbedding()
      return true
    }
    const full = this.#makeRoom()
    this.#admit()
    const entries = this.#fillBatch(full)
    if (entries.length === 0) return false
    const decodingTokens = entries.reduce(
      (sum, entry) => sum + (entry.completion.decoding ? entry.count + entry.guess.tokens.length : 0),
      0,
    )
    try {
      this.#decode(decodingTokens)
    } catch (error) {
      for (const entry of entries) this.#fail(entry.slot, error)
      return true
    }
    this.#sendChunks(entries.flatMap((entry) => this.#finishEntry(entry)))
    return true
  }

  #admit(): void {
    while (this.#waiting[0]) {
      const completion = this.#waiting[0]
      if (this.#slots.every((slot) => slot.completion)) {
        this.#askForSlots(this.#waiting.length)
        return
      }
      if (!this.#fits(completion)) return
      if (this.#waiting[0] !== completion) continue
      const begun = this.#admission.admit(completion, () => this.#askForSlots(1))
      if (!begun) return
      this.#waiting.shift()
      this.#sendChunks(begun.map((chunk) => ({ id: completion.id, chunk })))
    }
  }

  /** Whether there may be more, as soon as the parent has answered. */
  #askForSlots(waiting: number): boolean {
    const { engine, clock, send } = this.#options
    const slots = moreSlots({ slots: engine.sequences, mostSlots: engine.mostSequences, waiting })
    if (slots === undefined || clock.monotonicNs() < this.#noMoreSlotsUntilNs) return false
    if (this.#growth) return true
    this.#growth = { size: { contextTokens: engine.facts.contextTokens, slots } }
    send({ type: 'grow', size: this.#growth.size })
    return true
  }

  /** False while the first of the queue waits for a larger context. A prompt that can be neither fitted nor cut leaves the queue. */
  #fits(completion: Completion): boolean {
    const neededTokens = completion.prompt.length + replyReserve(completion.request.maxTokens, completion.contextTokens)
    if (this.#mustGrow(completion, neededTokens)) return false
    this.#answerFor(completion.id, () => {
      try {
        completion.fit()
      } catch (error) {
        this.#waiting.shift()?.close()
        throw error
      }
    })
    return true
  }

  /** Slots in the order of their sequences, which is how the engine evaluates neighbours together. */
  #fillBatch(full: ReadonlySet<Slot>): Entry[] {
    const { engine } = this.#options
    engine.batch.clear()
    const active = this.#slots.filter((slot) => slot.completion && !slot.completion.paused && !full.has(slot))
    const decodingTokens = active.reduce((sum, slot) => sum + (slot.completion?.decoding ? slot.completion.todo.length : 0), 0)
    const reading = active.filter((slot) => !slot.completion?.decoding).sort((a, b) => a.lastUsed - b.lastUsed)
    const shares = sharePrefill(
      reading.map((slot) => ({ remaining: slot.completion?.todo.length ?? 0 })),
      reading.length === 0 ? 0 : this.#pace.budget(decodingTokens, reading.length),
    )
    const guesses = reading.length === 0 ? this.#speculation?.guess(active, this.#threads) : undefined
    const entries: Entry[] = []
    for (const slot of active) {
      const completion = slot.completion as Completion
      const share = completion.decoding ? completion.todo.length : (shares[reading.indexOf(slot)] as number)
      const count = completion.tellsPrompt ? Math.min(share, MAX_PROMPT_OUTPUTS) : share
      if (count === 0) continue
      entries.push(this.#addEntry(slot, completion, { count, guess: guesses?.get(slot) ?? NO_GUESS }))
    }
    return entries
  }

  #addEntry(slot: Slot, completion: Completion, { count, guess }: Pick<Entry, 'count' | 'guess'>): Entry {
    const { batch } = this.#options.engine
    const wantsToken = completion.request.maxTokens !== 0
    const outputs: number[] = []
    const promptPlaces: number[] = []
    for (let index = 0; index < count; index++) {
      const last = wantsToken && index === completion.todo.length - 1
      const wantsOutput = last || completion.tellsPrompt
      const at = batch.add(completion.todo[index] as number, slot.tokens.length + index, slot.sequence, wantsOutput)
      if (last) outputs.push(at)
      if (completion.tellsPrompt) promptPlaces.push(at)
    }
    for (const [index, token] of guess.tokens.entries()) {
      outputs.push(batch.add(token, slot.tokens.length + count + index, slot.sequence, true))
    }
    return { slot, completion, count, guess, outputs, promptPlaces }
  }

  /**
   * At the end of the context a reply goes on in a larger one; where there is none, its sequence shifts, or it is over. The slots that
   * have to wait for their room.
   */
  #makeRoom(): ReadonlySet<Slot> {
    const waiting = new Set<Slot>()
    for (const slot of this.#slots) {
      const { completion } = slot
      if (!completion?.decoding || completion.paused) continue
      const neededTokens = slot.tokens.length + completion.todo.length + 1
      if (neededTokens <= completion.contextTokens) continue
      if (this.#mustGrow(completion, neededTokens)) waiting.add(slot)
      else if (completion.shifts) this.#shift(slot, completion)
      else {
        this.#sendChunks(completion.end('length').map((chunk) => ({ id: completion.id, chunk })))
        this.#free(slot)
      }
    }
    return waiting
  }

  /** Whether the request has to wait for a larger context, which is asked for. */
  #mustGrow(completion: Completion, neededTokens: number): boolean {
    const { contextTokens, reachableTokens } = completion
    const next = largerContext({ contextTokens, neededTokens, limitTokens: reachableTokens })
    if (next === undefined) return false
    if (!this.#growth) {
      this.#growth = { completion, size: { contextTokens: next, slots: this.#options.engine.sequences } }
      this.#options.send({ type: 'grow', size: this.#growth.size })
    }
    return true
  }

  /** Half of what is not kept goes, as in llama-server. */
  #shift(slot: Slot, completion: Completion): void {
    const { engine } = this.#options
    const keep = Math.min(completion.keptTokens, completion.contextTokens - 4)
    const behind = slot.tokens.length - keep
    const discard = Math.max(Math.floor(behind / 2), completion.todo.length)
    engine.dropMiddle(slot.sequence, keep, discard)
    completion.lose(keep, discard)
    slot.tokens.splice(keep, discard)
    slot.pureLength = Math.min(slot.pureLength, keep)
    // By the time the context is full again there may be memory.
    completion.growthRefused = false
  }

  #decode(decodingTokens: number): void {
    const { engine, governor, clock } = this.#options
    const { size } = engine.batch
    this.#threads = governor.choose(size)
    engine.setThreads(this.#threads)
    const startNs = clock.monotonicNs()
    engine.decode()
    const durationNs = clock.monotonicNs() - startNs
    governor.record(size, durationNs)
    if (size === decodingTokens) this.#speculation?.record(size, durationNs)
    this.#pace.record({ prefillTokens: size - decodingTokens, decodingTokens, durationNs })
  }

  #finishEntry(entry: Entry): StepChunk[] {
    const { slot, completion } = entry
    try {
      const chunks = this.#chunksOf(entry)
      if (completion.ended) this.#free(slot)
      const urgent = completion.request.eachToken ? { urgent: true } : {}
      return chunks.map((chunk) => ({ id: completion.id, ...urgent, chunk }))
    } catch (error) {
      this.#fail(slot, error)
      return []
    }
  }

  #chunksOf({ slot, completion, count, guess, outputs, promptPlaces }: Entry): CompletionChunk[] {
    const prompt = promptPlaces.length > 0 ? completion.promptChunk(promptPlaces) : []
    for (const token of completion.todo.slice(0, count)) slot.tokens.push(token)
    completion.todo = completion.todo.slice(count)
    if (completion.todo.length > 0) return prompt
    if (outputs.length === 0) return [...prompt, ...completion.endAtOnce()]
    const chunks = [...prompt]
    let accepted = 0
    for (const [index, at] of outputs.entries()) {
      chunks.push(...completion.next(at, completion.reachableTokens - slot.tokens.length - 1))
      const isAsGuessed = completion.todo.length === 1 && completion.todo[0] === guess.tokens[index]
      if (completion.ended || !isAsGuessed) break
      slot.tokens.push(guess.tokens[index] as number)
      accepted++
    }
    if (guess.tokens.length > 0) this.#settleGuess(slot, guess, accepted)
    return chunks
  }

  /** What was guessed wrong goes from the sequence. */
  #settleGuess({ completion, sequence, tokens }: Slot, guess: Guess, accepted: number): void {
    this.#speculation?.learn(completion as Completion, guess, accepted)
    if (accepted < guess.tokens.length && !this.#options.engine.keepFirst(sequence, tokens.length))
      throw new AppError('engine_error', 'the engine cannot take back what it evaluated ahead')
  }

  #stepEmbedding(): void {
    const { engine } = this.#options
    const job = this.#embeddings[0] as EmbeddingJob
    try {
      engine.batch.clear()
      const count = job.fill(this.#pace.budget(0, 1))
      this.#decode(0)
      job.take(count)
      if (!job.done) return
      this.#sendEmbedding(job)
    } catch (error) {
      engine.clear()
      this.#sendFailure(job.id, error)
    }
    this.#embeddings.shift()
  }

  #free(slot: Slot): void {
    slot.completion?.close()
    slot.completion = undefined
    slot.pureLength = Math.min(slot.pureLength, slot.tokens.length)
  }

  /** The request ends with an error; what its sequence holds is not to be trusted. */
  #fail(slot: Slot, error: unknown): void {
    this.#sendFailure((slot.completion as Completion).id, error)
    slot.tokens = []
    this.#options.engine.keepFirst(slot.sequence, 0)
    this.#free(slot)
  }

  #has(completion: Completion): boolean {
    return this.#waiting.includes(completion) || this.#slots.some((slot) => slot.completion === completion)
  }

  #answerFor(id: number, work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#sendFailure(id, error)
    }
  }

  #sendChunks(chunks: StepChunk[]): void {
    if (chunks.length > 0) this.#options.send({ type: 'step', chunks })
  }

  #sendEmbedding(job: EmbeddingJob): void {
    this.#options.send({ type: 'result', id: job.id, result: { type: 'embedded', result: job.result } })
  }

  #sendFailure(id: number, error: unknown): void {
    const { code, message, details } = toAppError(error)
    this.#options.send({ type: 'failure', id, failure: { code, message, details } })
  }
}
