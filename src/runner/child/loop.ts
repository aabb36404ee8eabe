// The runner's heart: continuous batching. Each step evaluates the next token of every decoding slot together with a bounded piece of the
// prompts that are still being read, samples, and sends what came of it in one message. Requests that find no slot wait in the order they
// came. A request that is gone or whose reader is slow takes no part in the next step. One that needs a larger context waits for the parent's
// word on it, and for the context to be made, while the others go on; it takes over between two steps. Nothing here knows processes or llama.cpp.

import type { Clock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import type { CompletionChunk, CompletionRequest, StepChunk, ToParent } from '../protocol.ts'
import { Admission } from './admission.ts'
import { Answers } from './answers.ts'
import { BatchFiller } from './batch-filler.ts'
import { type Completion, createCompletion } from './completion.ts'
import { EmbeddingQueue } from './embedding.ts'
import type { Engine, Threading } from './engine.ts'
import { replyReserve } from './growth.ts'
import { GrowthTalk } from './growth-talk.ts'
import type { MediaReader, PromptPart } from './media.ts'
import type { MediaFeed } from './media-feed.ts'
import { MediaIntake } from './media-intake.ts'
import { PrefillPace } from './prefill-pace.ts'
import type { PrefixCache } from './prefix-cache.ts'
import { PrefixKeeper } from './prefix-keeper.ts'
import { Room } from './room.ts'
import { Slot } from './slot.ts'
import { type Drafting, type Guess, NO_GUESS, Speculation } from './speculation.ts'
import type { StepEntry } from './step-entry.ts'
import type { ThreadGovernor } from './thread-governor.ts'

/** Requests that wait for a slot. The scheduler bounds them long before; this stops a caller without one. */
export const MAX_WAITING = 4096
export const NO_MEDIA = 'this model takes no images'

export interface LoopOptions {
  engine: Engine
  governor: Pick<ThreadGovernor, 'choose' | 'record' | 'mostThreads'>
  clock: Pick<Clock, 'monotonicNs'>
  send: (message: ToParent) => void
  /** Whether tokens may be guessed and evaluated ahead. */
  speculate: boolean
  /** What guesses where nothing was said before. */
  drafting?: Drafting | undefined
  /** Where states of sequences go that lose their slot. */
  prefixCache?: PrefixCache | undefined
  /** For prompts with media; `onMedia`: there may be something to do again. */
  media?: { reader: MediaReader; onMedia: () => void } | undefined
}

export class Loop {
  readonly #options: LoopOptions
  readonly #pace: PrefillPace
  readonly #slots: readonly Slot[]
  readonly #keeper: PrefixKeeper | undefined
  readonly #admission: Admission
  readonly #growth: GrowthTalk
  readonly #room: Room
  readonly #speculation: Speculation | undefined
  readonly #filler: BatchFiller
  readonly #waiting: Completion[] = []
  readonly #answers: Answers
  readonly #embeddings: EmbeddingQueue
  readonly #intake: MediaIntake | undefined
  /** Media and tokens take turns. */
  #mediaWereLast = false
  #threading: Threading = { threads: 1, schedule: 'dynamic' }

  constructor(options: LoopOptions) {
    const { engine, prefixCache: cache, media } = options
    this.#options = options
    this.#answers = new Answers(options.send)
    this.#embeddings = new EmbeddingQueue(engine, this.#answers)
    this.#intake = media && this.#takeIn(media)
    this.#growth = new GrowthTalk({ ...options, prepareDraft: async (contextTokens) => this.#speculation?.prepareGrowth(contextTokens) })
    this.#pace = new PrefillPace(engine.batchTokens)
    this.#slots = Array.from({ length: engine.sequences }, (_, sequence) => new Slot(sequence))
    this.#keeper = cache && new PrefixKeeper({ engine, cache, tokenNs: () => this.#pace.tokenNs })
    this.#speculation = options.speculate ? new Speculation(options) : undefined
    this.#room = new Room({ engine, keeper: this.#keeper, growth: this.#growth, end: (slot) => this.#endFull(slot) }, this.#slots)
    this.#admission = new Admission({ engine, keeper: this.#keeper, room: this.#room }, this.#slots)
    this.#filler = new BatchFiller({ engine, pace: this.#pace, room: this.#room, speculation: this.#speculation })
  }

  submit(id: number, request: CompletionRequest): void {
    this.#answers.attempt(id, () => {
      if (this.#options.engine.facts.pooling !== 'none') throw new AppError('unsupported_capability', 'this model is loaded for embeddings')
      const waiting = this.#waiting.length + (this.#intake?.size ?? 0)
      if (waiting >= MAX_WAITING) throw new AppError('server_busy', 'too many requests wait for this model')
      if (!request.images || request.images.length === 0) this.#enqueue(id, request)
      else if (this.#intake) this.#intake.begin(id, request)
      else throw new AppError('unsupported_capability', NO_MEDIA)
    })
  }

  embed(id: number, inputs: readonly (readonly number[])[]): void {
    this.#embeddings.add(id, inputs)
  }

  cancel(id: number): void {
    const waiting = this.#waiting.findIndex((completion) => completion.id === id)
    if (waiting >= 0) this.#waiting.splice(waiting, 1)[0]?.close()
    this.#embeddings.cancel(id)
    this.#intake?.cancel(id)
    const slot = this.#slots.find((candidate) => candidate.completion?.id === id)
    if (slot) this.#free(slot)
  }

  setPaused(id: number, paused: boolean): void {
    const completion = [...this.#waiting, ...this.#slots.map((slot) => slot.completion)].find((candidate) => candidate?.id === id)
    if (completion) completion.paused = paused
  }

  /** The parent's word on the growth that was asked for. Resolves when there may be something to do again. */
  answerGrowth(granted: boolean): Promise<void> {
    return this.#growth.answer(granted, this.#has)
  }

  /** Another thread makes a context. */
  get isGrowing(): boolean {
    return this.#growth.isPreparing
  }

  /** No step may follow. What the slots hold is saved, unless that takes too long. */
  async close(late: Promise<void>): Promise<void> {
    await this.#keeper?.close(this.#slots, late)
  }

  /** One step; false when there is nothing to do until the next message. */
  step(): boolean {
    const { engine } = this.#options
    if (!this.#embeddings.isEmpty) {
      this.#embeddings.step(this.#pace.budget(0, 1), () => this.#decode(engine.batch.size, 0))
      return true
    }
    if (engine.settled) this.#adoptGrowth()
    const full = this.#makeRoom()
    if (this.#intake) this.#dropWithoutMedia()
    this.#room.resume()
    this.#admit()
    const slot = this.#intake && this.#slotWithMedia()
    if (slot && !this.#mediaWereLast) return this.#stepMedia(slot)
    const isReady = (each: Slot) => each.completion && each.completion.readyTokens > 0 && !each.completion.paused && !full.has(each)
    const entries = this.#filler.fill(this.#slots.filter(isReady), this.#threading)
    // With no step that would settle the engine, what waits for the growth has to do without.
    if (entries.length === 0) return slot ? this.#stepMedia(slot) : this.#adoptGrowth()
    this.#mediaWereLast = false
    const decodingTokens = entries.reduce(
      (sum, entry) => sum + (entry.completion.decoding ? entry.count + entry.guess.tokens.length : 0),
      0,
    )
    this.#evaluate(entries, () => this.#decode(engine.batch.size, decodingTokens))
    return true
  }

  /** Whether what waits may go on, whatever has become of it. */
  #adoptGrowth(): boolean {
    const { engine, send } = this.#options
    if (!this.#growth.isReady) return false
    if (this.#growth.adopt(this.#has)) {
      this.#room.grown()
      send({ type: 'grown', size: { contextTokens: engine.facts.contextTokens, contexts: engine.contexts } })
    }
    return true
  }

  #evaluate(entries: readonly StepEntry[], decode: () => void): void {
    try {
      decode()
    } catch (error) {
      for (const entry of entries) this.#fail(entry.slot, error)
      return
    }
    this.#answers.chunks(entries.flatMap((entry) => this.#finishEntry(entry)))
  }

  #takeIn({ reader, onMedia }: { reader: MediaReader; onMedia: () => void }): MediaIntake {
    return new MediaIntake({
      reader,
      onRead: (id, request, parts) => {
        this.#answers.attempt(id, () => this.#enqueue(id, request, parts))
        onMedia()
      },
      onFailure: (id, error) => this.#answers.failure(id, error),
    })
  }

  #enqueue(id: number, request: CompletionRequest, parts?: readonly PromptPart[]): void {
    const { engine, clock, media } = this.#options
    const completion = createCompletion({ engine, clock, onMedia: media?.onMedia }, id, { request, ...(parts ? { parts } : {}) })
    if (completion.prompt.tokens.length > 0) {
      this.#waiting.push(completion)
      return
    }
    this.#answers.chunks(completion.end('stop').map((chunk) => ({ id, chunk })))
    completion.close()
  }

  /** What their sequences hold is as good as before. */
  #dropWithoutMedia(): void {
    for (const slot of this.#slots) {
      const { id, feed } = slot.completion ?? {}
      if (id === undefined || !feed?.problem) continue
      this.#answers.failure(id, feed.problem.error)
      this.#free(slot)
    }
  }

  /** The one that has waited longest of those that come to media next and have them. */
  #slotWithMedia(): Slot | undefined {
    return this.#slots
      .filter(({ completion }) => completion?.readyTokens === 0 && completion.feed?.isReady && !completion.paused)
      .sort((a, b) => a.lastUsed - b.lastUsed)[0]
  }

  #stepMedia(slot: Slot): true {
    const { engine } = this.#options
    const completion = slot.completion as Completion
    const feed = completion.feed as MediaFeed
    const decodingTokens = this.#slots.filter((other) => other.completion?.decoding && !other.completion.paused).length
    const rows = feed.next(slot.tokens.length, Math.max(this.#pace.budget(decodingTokens, 1), 1))
    const wantOutput = rows.count === completion.todo.length && completion.request.maxTokens !== 0
    const outputs = wantOutput ? [rows.count - 1] : []
    this.#mediaWereLast = true
    this.#evaluate([{ slot, completion, count: rows.count, guess: NO_GUESS, outputs, promptPlaces: [] }], () => {
      this.#measure(rows.count, 0, () => engine.decodeMedia({ ...rows, sequence: slot.sequence, wantOutput }))
      feed.took(slot.tokens.length + rows.count)
    })
    return true
  }

  #admit(): void {
    while (this.#waiting[0] && !this.#room.hasSuspended && this.#slots.some((slot) => !slot.busy)) {
      const completion = this.#waiting[0]
      if (!this.#fits(completion)) return
      if (this.#waiting[0] !== completion) continue
      const begun = this.#admission.admit(this.#waiting)
      if (!begun) return
      this.#waiting.shift()
      this.#answers.chunks(begun.map((chunk) => ({ id: completion.id, chunk })))
    }
  }

  /** False while the first of the queue waits for a larger context. A prompt that can be neither fitted nor cut leaves the queue. */
  #fits(completion: Completion): boolean {
    const neededTokens = completion.prompt.tokens.length + replyReserve(completion.request.maxTokens, completion.contextTokens)
    if (this.#growth.mustGrow(completion, neededTokens, this.#room.busyTokens)) return false
    this.#answers.attempt(completion.id, () => {
      try {
        completion.fit()
      } catch (error) {
        this.#waiting.shift()?.close()
        throw error
      }
    })
    return true
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
      if (this.#growth.mustGrow(completion, neededTokens, this.#room.busyTokens)) waiting.add(slot)
      else if (completion.shifts) this.#shift(slot, completion)
      else this.#endFull(slot)
    }
    return waiting
  }

  #endFull(slot: Slot): void {
    const completion = slot.completion as Completion
    this.#answers.chunks(completion.end('length').map((chunk) => ({ id: completion.id, chunk })))
    this.#free(slot)
  }

  /** Half of what is not kept goes, as in llama-server. What others have as well cannot move: the rest is evaluated again. */
  #shift(slot: Slot, completion: Completion): void {
    const { engine } = this.#options
    const keep = Math.min(completion.keptTokens, completion.contextTokens - 4)
    const behind = slot.tokens.length - keep
    const discard = Math.max(Math.floor(behind / 2), completion.todo.length)
    const isShared = this.#room.sharesFrom(slot, keep)
    completion.lose(keep, discard)
    slot.tokens.splice(keep, discard)
    if (isShared) {
      const kept = engine.keepFirst(slot.sequence, keep) ? keep : 0
      completion.reread(slot.tokens.splice(kept))
    } else {
      engine.dropMiddle(slot.sequence, keep, discard)
      slot.pureLength = Math.min(slot.pureLength, keep)
    }
    // By the time the context is full again there may be memory.
    completion.growthRefused = false
  }

  #decode(size: number, decodingTokens: number): void {
    this.#measure(size, decodingTokens, () => this.#options.engine.decode())
  }

  #measure(size: number, decodingTokens: number, work: () => void): void {
    const { engine, governor, clock } = this.#options
    const { isGrowing } = this
    this.#threading = governor.choose(size, isGrowing)
    engine.setThreading(this.#threading)
    const startNs = clock.monotonicNs()
    work()
    const durationNs = clock.monotonicNs() - startNs
    governor.record(size, durationNs)
    if (size === decodingTokens && !isGrowing) this.#speculation?.record(size, durationNs)
    this.#pace.record({ prefillTokens: size - decodingTokens, decodingTokens, durationNs })
  }

  #finishEntry(entry: StepEntry): StepChunk[] {
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

  #chunksOf({ slot, completion, count, guess, outputs, promptPlaces }: StepEntry): CompletionChunk[] {
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
  #settleGuess({ completion, sequence, tokens, layout }: Slot, guess: Guess, accepted: number): void {
    this.#speculation?.learn(completion as Completion, guess, accepted)
    if (accepted < guess.tokens.length && !this.#options.engine.keepFirst(sequence, layout.positionAt(tokens.length)))
      throw new AppError('engine_error', 'the engine cannot take back what it evaluated ahead')
  }

  /** A run of media that is there by half is of no use to another request. */
  #free(slot: Slot): void {
    slot.completion?.close()
    slot.completion = undefined
    slot.isSuspended = false
    const whole = slot.layout.cut(slot.tokens.length)
    if (whole < slot.tokens.length) {
      const kept = this.#options.engine.keepFirst(slot.sequence, slot.layout.positionAt(whole))
      slot.tokens = slot.tokens.slice(0, kept ? whole : 0)
    }
    slot.pureLength = Math.min(slot.pureLength, slot.tokens.length)
  }

  /** The request ends with an error; what its sequence holds is not to be trusted. */
  #fail(slot: Slot, error: unknown): void {
    this.#answers.failure((slot.completion as Completion).id, error)
    slot.tokens = []
    this.#options.engine.keepFirst(slot.sequence, 0)
    this.#free(slot)
  }

  /** Whether that request is still here; without one, whether any is. */
  readonly #has = (completion: Completion | undefined): boolean => {
    if (!completion) return this.#waiting.length > 0 || this.#slots.some((slot) => slot.busy)
    return this.#waiting.includes(completion) || this.#slots.some((slot) => slot.completion === completion)
  }
}
