// One request on its way through a slot: what is still to be evaluated, the text so far, the counts, and when it is over. It knows no batch
// and no other request. A reply ends with an end-of-generation token, a stop string, its token limit, the end of the context, or because the
// model says the same thing for ever.

import type { Clock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import type { CompletionChunk, CompletionRequest, RunnerLogprob, RunnerPromptLogprob } from '../protocol.ts'
import { Closing } from './closing.ts'
import type { Engine, Sampler } from './engine.ts'
import type { PromptPart } from './media.ts'
import { MediaFeed } from './media-feed.ts'
import { isRun, type Prompt, toPrompt } from './prompt.ts'
import { fitParts, keptTokens } from './prompt-fit.ts'
import { PromptLookup } from './prompt-lookup.ts'
import { type OutputChunk, TextOutput, type TokenPiece, toTokenPiece } from './text-output.ts'

/** The same text more often than this in a row is a model that is stuck (as in Ollama). */
export const MAX_REPEATED_TEXTS = 30

export type EndReason = Extract<CompletionChunk, { type: 'end' }>['reason']

export interface CompletionContext {
  engine: Engine
  clock: Pick<Clock, 'monotonicNs'>
  /** Media that a request waits for can be had, or never will be. */
  onMedia?: (() => void) | undefined
}

type FittedParts = ReturnType<typeof fitParts>

/** `parts`: the prompt, where it has been read with its media. Throws `context_exceeded`, `invalid_format`, `invalid_option`, `invalid_request`. */
export function createCompletion(
  context: CompletionContext,
  id: number,
  { request, parts }: { request: CompletionRequest; parts?: readonly PromptPart[] },
): Completion {
  const { engine } = context
  const whole = parts ?? [promptTokens(engine, request)]
  for (const part of whole) refuseImpossible(engine, part)
  const fitted = fitParts(whole, { ...fitOptions(engine, request), contextTokens: reachableContext(engine, request) })
  const sampler = engine.createSampler({
    sampling: request.sampling,
    ...(request.grammar === undefined ? {} : { grammar: request.grammar, grammarLater: request.grammarAfter !== undefined }),
    spokenTokens: preservedTokens(engine, request.preservedTokens ?? []),
  })
  return new Completion(context, { id, request, fitted, sampler })
}

export class Completion {
  readonly id: number
  readonly request: CompletionRequest
  readonly sampler: Sampler
  readonly lookup = new PromptLookup()
  paused = false
  /** The end has been sent. */
  ended = false
  /** There was no memory for a larger context: the request makes do with the one in force. */
  growthRefused = false
  /** Evaluated next: what is left of the prompt, then the last token of the reply. */
  todo: readonly number[]
  readonly #context: CompletionContext
  /** The media that are still to be evaluated. */
  feed: MediaFeed | undefined
  #parts: readonly PromptPart[]
  #prompt: Prompt
  #droppedTokens: number
  readonly #output: TextOutput<RunnerLogprob>
  readonly #preserved: ReadonlySet<number>
  #cachedTokens = 0
  #startedNs = 0
  #firstTokenNs: number | undefined
  #evalTokens = 0
  #rereads = false
  /** Of the prompt, in the context. */
  #promptTokensLeft = 0
  #lastText = ''
  #repeatedTexts = 0
  readonly #closing: Closing | undefined
  /** What the reply ended with, as long as the grammar waits for its mark. */
  #beforeGrammar: string | undefined

  constructor(context: CompletionContext, parts: { id: number; request: CompletionRequest; fitted: FittedParts; sampler: Sampler }) {
    this.#context = context
    this.id = parts.id
    this.request = parts.request
    this.#parts = parts.fitted.parts
    this.#prompt = toPrompt(this.#parts)
    this.sampler = parts.sampler
    this.todo = this.#prompt.tokens
    this.#droppedTokens = parts.fitted.droppedTokens
    this.#output = new TextOutput(parts.request.stop)
    this.#preserved = preservedTokens(context.engine, parts.request.preservedTokens ?? [])
    const { grammar, closing } = parts.request
    this.#closing = grammar === undefined || closing === undefined ? undefined : new Closing(context.engine, closing)
    this.#beforeGrammar = parts.request.grammar !== undefined && parts.request.grammarAfter !== undefined ? '' : undefined
  }

  /** A token of the reply has been made: the prompt is evaluated, and is still there. */
  get decoding(): boolean {
    return this.#evalTokens > 0 && !this.#rereads
  }

  /** Tokens that the reply may still have. */
  get tokensLeft(): number {
    const { maxTokens } = this.request
    return maxTokens < 0 ? Number.POSITIVE_INFINITY : maxTokens - this.#evalTokens
  }

  /** Cut to what the request can have. */
  get prompt(): Prompt {
    return this.#prompt
  }

  /** Tokens that can be evaluated together now: none where media come first. */
  get readyTokens(): number {
    const { tokens, layout } = this.#prompt
    if (!layout.hasMedia || this.#evalTokens > 0) return this.todo.length
    return Math.min(this.todo.length, layout.textFrom(tokens.length - this.todo.length))
  }

  /** What the request has of the context in force. */
  get contextTokens(): number {
    return Math.min(this.#context.engine.facts.contextTokens, this.request.contextLimitTokens ?? Number.POSITIVE_INFINITY)
  }

  /** What it can have when the context grows. */
  get reachableTokens(): number {
    return this.growthRefused ? this.contextTokens : reachableContext(this.#context.engine, this.request)
  }

  /** Tokens at the start that a context shift leaves alone. */
  get keptTokens(): number {
    const { engine } = this.#context
    return keptTokens({ promptTokens: this.prompt.tokens.length, ...fitOptions(engine, this.request), contextTokens: this.contextTokens })
  }

  /** With media in it a sequence stays as it is. */
  get shifts(): boolean {
    return this.request.contextShift && this.#context.engine.canShift && !this.#prompt.layout.hasMedia
  }

  /** Cuts the prompt to the context in force. Throws `context_exceeded` when it does not fit and may not be cut. */
  fit(): void {
    if (this.#prompt.tokens.length < this.contextTokens) return
    const fitted = fitParts(this.#parts, { ...fitOptions(this.#context.engine, this.request), contextTokens: this.contextTokens })
    this.#parts = fitted.parts
    this.#prompt = toPrompt(this.#parts)
    this.#droppedTokens += fitted.droppedTokens
  }

  /** The request has its slot; that many tokens of the prompt are in its memory already. */
  begin(cachedTokens: number): CompletionChunk[] {
    this.#startedNs = this.#context.clock.monotonicNs()
    this.#cachedTokens = cachedTokens
    const { tokens, layout } = this.#prompt
    this.#promptTokensLeft = tokens.length
    this.todo = tokens.slice(cachedTokens)
    const { repeatLastN } = this.request.sampling
    const words = layout.hasMedia ? tokens.filter((id) => id >= 0) : tokens
    const seen = repeatLastN < 0 ? words : repeatLastN === 0 ? [] : words.slice(-repeatLastN)
    for (const token of seen) this.sampler.see(token)
    if (layout.hasMedia) this.#feedFrom(cachedTokens)
    return this.#droppedTokens > 0 ? [{ type: 'cut', droppedTokens: this.#droppedTokens }] : []
  }

  /** The context shifts: tokens from that place on are lost, of the prompt as long as it reaches so far. */
  lose(from: number, count: number): void {
    const lost = Math.max(Math.min(from + count, this.#promptTokensLeft) - from, 0)
    this.#promptTokensLeft -= lost
    this.#droppedTokens += lost
  }

  /** What the sequence held, which is text, is evaluated again before the reply goes on. */
  reread(tokens: readonly number[]): void {
    this.todo = [...tokens, ...this.todo]
    this.#rereads = true
  }

  /** Every token of the prompt needs the logits in front of it. */
  get tellsPrompt(): boolean {
    return this.request.promptLogprobs !== undefined && this.#evalTokens === 0
  }

  /** The tokens of the prompt that follow those at these places of the batch, one place after the other. */
  promptChunk(places: readonly number[]): CompletionChunk[] {
    const tokens = places.flatMap((place, index) => {
      const next = this.todo[index + 1]
      return next === undefined ? [] : [this.#promptLogprobOf(place, next)]
    })
    const first = this.prompt.tokens[0]
    if (first !== undefined && this.todo.length === this.prompt.tokens.length) tokens.unshift({ ...this.#spellWhole(first), logprob: null })
    return tokens.length > 0 ? [{ type: 'prompt', tokens }] : []
  }

  /** The prompt is evaluated and no token is wanted. */
  endAtOnce(): CompletionChunk[] {
    this.#firstTokenNs = this.#context.clock.monotonicNs()
    return this.end('length')
  }

  /** Samples from the logits at that place of the batch. `roomLeft`: tokens that the context can still take after this one. */
  next(index: number, roomLeft: number): CompletionChunk[] {
    const { maxTokens } = this.request
    const token = this.sampler.sample(index, this.#closing?.next(this.tokensLeft))
    this.#evalTokens++
    this.#firstTokenNs ??= this.#context.clock.monotonicNs()
    this.todo = [token]
    this.#rereads = false
    if (this.#context.engine.isEnd(token)) return this.end(this.#closing?.cut ? 'length' : 'stop')
    const piece = this.#watchForGrammar(token, this.#context.engine.piece(token, this.#preserved.has(token)))
    const chunk = this.#output.push(piece, this.#logprobOf(index, token, piece))
    this.#closing?.see(token, chunk.text)
    if (this.#isStuck(chunk.text)) {
      if (!this.#closing) return this.end('repetition')
      this.#closing.hurry()
    }
    const text = toTextChunks(chunk)
    if (this.#output.stopSequence !== undefined) return [...text, ...this.end('stop')]
    const full = roomLeft <= 0 && !this.shifts
    if (full || (maxTokens >= 0 && this.#evalTokens >= maxTokens)) return [...text, ...this.end('length')]
    return text
  }

  end(reason: EndReason): CompletionChunk[] {
    this.ended = true
    const now = this.#context.clock.monotonicNs()
    const firstTokenNs = this.#firstTokenNs ?? now
    const stopSequence = this.#output.stopSequence
    const rest = stopSequence === undefined ? toTextChunks(this.#output.finish()) : []
    return [
      ...rest,
      {
        type: 'end',
        reason,
        ...(stopSequence === undefined ? {} : { stopSequence }),
        promptTokens: this.prompt.tokens.length,
        cachedTokens: this.#cachedTokens,
        promptEvalNs: firstTokenNs - this.#startedNs,
        evalTokens: this.#evalTokens,
        evalNs: now - firstTokenNs,
        droppedTokens: this.#droppedTokens,
      },
    ]
  }

  close(): void {
    this.sampler.close()
    this.feed?.close()
  }

  /** What the cache holds is not made again. */
  #feedFrom(cachedTokens: number): void {
    const { tokens, layout, runs } = this.#prompt
    const missing = runs.filter(({ from }) => from >= cachedTokens)
    // Images are large, and nobody asks for them again.
    this.#parts = []
    this.#prompt = { tokens, layout, runs: [] }
    if (missing.length > 0) this.feed = new MediaFeed({ layout, runs: missing, onNews: () => this.#context.onMedia?.() })
  }

  #isStuck(text: string): boolean {
    if (this.#output.waitsForBytes) return false
    const trimmed = text.trim()
    this.#repeatedTexts = trimmed === this.#lastText ? this.#repeatedTexts + 1 : 0
    this.#lastText = trimmed
    return this.#repeatedTexts > MAX_REPEATED_TEXTS
  }

  /** Starts the grammar behind its mark. A token that runs over the mark with more than white space is cut there, before it is evaluated. */
  #watchForGrammar(token: number, piece: TokenPiece): TokenPiece {
    if (this.#beforeGrammar === undefined) return piece
    const { engine } = this.#context
    const mark = this.request.grammarAfter as string
    const before = this.#beforeGrammar
    const own = Buffer.from(engine.piece(token, true).bytes).toString('utf8')
    const at = (before + own).indexOf(mark)
    if (at < 0) {
      this.#beforeGrammar = (before + own).slice(-mark.length)
      return piece
    }
    this.#beforeGrammar = undefined
    this.sampler.startGrammar()
    const upToMark = own.slice(0, at + mark.length - before.length)
    if (own.slice(upToMark.length).trim() === '') return piece
    this.todo = engine.tokenize(upToMark, { addSpecial: false, parseSpecial: true })
    return toTokenPiece(Buffer.from(upToMark))
  }

  #promptLogprobOf(place: number, token: number): RunnerPromptLogprob {
    const count = this.request.promptLogprobs ?? 0
    const { logprob, top } = this.#context.engine.logprobs(place, token, count)
    const own = { ...this.#spellWhole(token), logprob }
    return count === 0 ? own : { ...own, top: top.map((entry) => ({ ...this.#spellWhole(entry.token), logprob: entry.logprob })) }
  }

  #spellWhole(token: number): { token: string; bytes: number[] } {
    return spell(this.#context.engine.piece(token, true))
  }

  #logprobOf(index: number, token: number, piece: TokenPiece): RunnerLogprob | undefined {
    const { topLogprobs } = this.request
    if (topLogprobs === undefined) return undefined
    const { engine } = this.#context
    const { logprob, top } = engine.logprobs(index, token, topLogprobs)
    const own = { ...spell(piece), logprob }
    if (topLogprobs === 0) return own
    return {
      ...own,
      top: top.map((entry) => ({ ...spell(engine.piece(entry.token, this.#preserved.has(entry.token))), logprob: entry.logprob })),
    }
  }
}

function promptTokens(engine: Engine, { prompt }: CompletionRequest): readonly number[] {
  return typeof prompt === 'string' ? engine.tokenize(prompt, { addSpecial: true, parseSpecial: true }) : prompt
}

function refuseImpossible(engine: Engine, part: PromptPart): void {
  if (!isRun(part)) engine.refuseUnknown(part)
  else if (part.bidirectional && part.ids.length > engine.batchTokens) {
    throw new AppError(
      'invalid_option',
      `an image takes ${part.ids.length} tokens that are evaluated together, and num_batch is ${engine.batchTokens}`,
    )
  }
}

function reachableContext({ facts }: Engine, { contextLimitTokens }: CompletionRequest): number {
  const { contextTokens, trainContextTokens } = facts
  const limitTokens = contextLimitTokens ?? contextTokens
  return limitTokens <= contextTokens ? limitTokens : Math.max(contextTokens, Math.min(limitTokens, trainContextTokens))
}

function fitOptions({ facts }: Engine, { keepTokens, truncatePrompt }: CompletionRequest) {
  return { keepTokens, addsBos: facts.addsBos, truncate: truncatePrompt }
}

function spell(piece: TokenPiece): { token: string; bytes: number[] } {
  return { token: piece.text ?? Buffer.from(piece.bytes).toString('utf8'), bytes: [...piece.bytes] }
}

/** Only what is one token can be preserved; the rest comes out anyway. */
function preservedTokens(engine: Engine, texts: readonly string[]): ReadonlySet<number> {
  const tokens = texts.map((text) => engine.tokenize(text, { addSpecial: false, parseSpecial: true })).filter((ids) => ids.length === 1)
  return new Set(tokens.flat())
}

function toTextChunks({ text, logprobs }: OutputChunk<RunnerLogprob>): CompletionChunk[] {
  if (text === '') return []
  return [{ type: 'text', text, ...(logprobs.length > 0 ? { logprobs } : {}) }]
}
