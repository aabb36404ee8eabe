// A small model that guesses what the large one will say. It has its own memory of each sequence and knows by itself how much of it still fits:
// whatever became of the sequence - cut, shifted, restored, given to another request - it begins again where the tokens differ. A long text that
// it has not read is read in pieces, since the replies wait meanwhile. What it guesses is never more than a guess, so a draft model that fails
// is one that guesses nothing.

import type { Clock } from '../../base/clock.ts'
import { toAppError } from '../../base/errors.ts'
import type { DraftEngine, PreparedGrowth, Threading } from './engine.ts'
import { commonLength } from './prefix-index.ts'
import type { StepCosts } from './step-costs.ts'

/** A text this much longer than what the draft has read of it is not read but copied, where another sequence has it. */
const LEAST_COPY_TOKENS = 64
/** Tokens that a reply has made since the last guess are no text to be read in pieces. */
const FEW_TOKENS = 32
/** What reading a piece may cost: part of a step of the large model, or a moment that nobody notices. */
const PIECE_SHARE = 1 / 4
const PIECE_NS = 25e6
const FIRST_PIECE_TOKENS = 64
const LEAST_PIECE_TOKENS = 16
const NEW_WEIGHT = 0.4
/** Below this the guess might as well be the next best token: it is the last one. */
const LEAST_LEAD = 1

export interface DraftModelOptions {
  engine: DraftEngine
  /** Of the large model: either may be padded. */
  vocabularySize: number
  clock: Pick<Clock, 'monotonicNs'>
  /** Of a round of guesses. */
  rounds: StepCosts
  report: (text: string) => void
}

export interface DraftWish {
  sequence: number
  /** What the sequence holds, and the token behind it. */
  tokens: readonly number[]
  next: number
  mostTokens: number
}

interface Guessing {
  wish: DraftWish
  /** Place of the logits. */
  at: number
  guess: number[]
}

export class DraftModel {
  readonly #options: DraftModelOptions
  /** What each sequence of the draft's engine holds. */
  readonly #held: number[][]
  #readNs: number | undefined
  #isBroken = false

  constructor(options: DraftModelOptions) {
    this.#options = options
    this.#held = Array.from({ length: options.engine.sequences }, () => [])
  }

  /** A guess for each wish; none where the draft has still to read. `stepNs`: what a step of the large model costs. */
  guess(wishes: readonly DraftWish[], { threading, stepNs }: { threading: Threading; stepNs: number }): readonly number[][] {
    if (this.#isBroken || wishes.length === 0) return wishes.map(() => [])
    this.#options.engine.setThreading(threading)
    try {
      const guessing = this.#read(wishes, stepNs)
      this.#goOn(guessing)
      return wishes.map((wish) => guessing.find((each) => each.wish === wish)?.guess ?? [])
    } catch (error) {
      this.#isBroken = true
      this.#options.report(`the draft model guesses no more: ${toAppError(error).message}`)
      return wishes.map(() => [])
    }
  }

  /** Undefined where nothing grows. */
  async prepareGrowth(contextTokens: number): Promise<PreparedGrowth | undefined> {
    const { engine } = this.#options
    const most = Math.min(contextTokens, engine.facts.trainContextTokens)
    if (this.#isBroken || most <= engine.facts.contextTokens) return undefined
    return engine.prepareGrowth({ contextTokens: most, contexts: engine.contexts })
  }

  /** Each sequence comes to hold what its reply holds, or a piece more of it; those that do have their first guess. */
  #read(wishes: readonly DraftWish[], stepNs: number): Guessing[] {
    const { engine } = this.#options
    const possible = wishes.filter(({ tokens, mostTokens }) => tokens.length + 1 + mostTokens <= engine.facts.contextTokens)
    // Copies and cuts come first: they are about what has been evaluated.
    for (const wish of possible) this.#settle(wish)
    engine.batch.clear()
    let room = this.#pieceTokens(stepNs)
    const guessing: Guessing[] = []
    for (const wish of possible) {
      const known = (this.#held[wish.sequence] as number[]).length
      const missing = wish.tokens.length + 1 - known
      if (this.#hasUnknown(wish, known)) continue
      const piece = missing <= FEW_TOKENS ? missing : Math.min(missing, Math.max(room, 0))
      const count = Math.min(piece, engine.batchTokens - engine.batch.size)
      room -= count
      let at = -1
      for (let index = known; index < known + count; index++)
        at = this.#add(wish.sequence, tokenAt(wish, index), index === wish.tokens.length)
      if (count === missing) guessing.push({ wish, at, guess: [] })
    }
    if (engine.batch.size > 0) this.#decodeText(guessing.length)
    for (const each of guessing) this.#look(each)
    return guessing
  }

  #goOn(guessing: readonly Guessing[]): void {
    const { engine } = this.#options
    const { batch } = engine
    for (;;) {
      const open = guessing.filter((each) => each.at >= 0)
      if (open.length === 0) return
      batch.clear()
      for (const each of open) each.at = this.#add(each.wish.sequence, each.guess.at(-1) as number, true)
      this.#decodeRound(open.length)
      for (const each of open) this.#look(each)
    }
  }

  /** Takes the likeliest token; without a place the guess is over. */
  #look(guessing: Guessing): void {
    const { engine, vocabularySize } = this.#options
    const { token, lead } = engine.likeliest(guessing.at)
    // Behind the end of a reply nothing is evaluated.
    const isUsable = token < vocabularySize && !engine.isEnd(token)
    if (isUsable) guessing.guess.push(token)
    if (!isUsable || lead < LEAST_LEAD || guessing.guess.length >= guessing.wish.mostTokens) guessing.at = -1
  }

  /** What is no longer so is forgotten, and what another sequence has is copied. The token behind is evaluated in any case, for its logits. */
  #settle({ sequence, tokens }: DraftWish): void {
    const { engine } = this.#options
    const shared = this.#held.map((held) => commonLength(held, tokens, tokens.length))
    const longest = Math.max(...shared)
    const own = shared[sequence] as number
    const copies = longest - own >= LEAST_COPY_TOKENS
    const isCopied = copies && engine.copySequence(shared.indexOf(longest), sequence)
    const known = isCopied ? longest : copies ? 0 : own
    this.#held[sequence] = engine.keepFirst(sequence, known) ? tokens.slice(0, known) : []
  }

  /** The large model may know tokens that the draft does not. */
  #hasUnknown(wish: DraftWish, from: number): boolean {
    const { vocabularySize } = this.#options.engine.facts
    for (let index = from; index <= wish.tokens.length; index++) if (tokenAt(wish, index) >= vocabularySize) return true
    return false
  }

  #add(sequence: number, token: number, wantOutput: boolean): number {
    const held = this.#held[sequence] as number[]
    held.push(token)
    return this.#options.engine.batch.add(token, held.length - 1, sequence, wantOutput)
  }

  #decodeText(guesses: number): void {
    const { size } = this.#options.engine.batch
    const durationNs = this.#decode()
    if (size <= 2 * guesses) this.#options.rounds.record(guesses, durationNs)
    if (size < LEAST_PIECE_TOKENS) return
    const tokenNs = durationNs / size
    this.#readNs = this.#readNs === undefined ? tokenNs : this.#readNs + (tokenNs - this.#readNs) * NEW_WEIGHT
  }

  #decodeRound(guesses: number): void {
    this.#options.rounds.record(guesses, this.#decode())
  }

  #decode(): number {
    const { engine, clock } = this.#options
    const startNs = clock.monotonicNs()
    engine.decode()
    return clock.monotonicNs() - startNs
  }

  #pieceTokens(stepNs: number): number {
    if (this.#readNs === undefined) return FIRST_PIECE_TOKENS
    return Math.max(LEAST_PIECE_TOKENS, Math.floor(Math.max(stepNs * PIECE_SHARE, PIECE_NS) / Math.max(this.#readNs, 1)))
  }
}

function tokenAt({ tokens, next }: DraftWish, index: number): number {
  return index < tokens.length ? (tokens[index] as number) : next
}
