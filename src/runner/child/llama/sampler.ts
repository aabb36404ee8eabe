// How the next token is chosen. With a grammar the chain of samplers (sampler-chain.ts) chooses first and the grammar only looks; a choice it
// refuses is made again under the grammar, which costs a pass over the whole vocabulary. The engine's grammar reads the text of tokens, which is
// not always what comes out: parts of characters may only make whole ones here, and a special token that says nothing is never chosen.
// Refuses options on which the engine would abort the process.

import { AppError } from '../../../base/errors.ts'
import type { Sampling } from '../../protocol.ts'
import type { Sampler, SamplerOptions } from '../engine.ts'
import { afterBytes, BETWEEN_CHARACTERS, type Utf8State } from '../utf8-state.ts'
import type { SamplerPointer } from './api.ts'
import { readLogits, SamplerChain, type SamplingContext } from './sampler-chain.ts'

/** A grammar beyond this is no format that somebody wrote; the engine's parser is quadratic in places. */
export const MAX_GRAMMAR_LENGTH = 1024 * 1024

export function createSampler(context: SamplingContext, options: SamplerOptions): Sampler {
  refuseWrongSampling(options.sampling)
  const grammar = options.grammar === undefined ? undefined : createGrammar(context, options.grammar)
  const chain = new SamplerChain(context, options.sampling)
  if (grammar === undefined) return plainSampler(chain)
  return new GrammarSampler(context, { chain, grammar, active: !options.grammarLater, spoken: options.spokenTokens ?? new Set() })
}

function plainSampler(chain: SamplerChain): Sampler {
  return {
    see: (token) => chain.see(token),
    sample: (index) => chain.sample(index),
    startGrammar: () => {},
    close: () => chain.close(),
  }
}

interface GrammarParts {
  chain: SamplerChain
  grammar: SamplerPointer
  active: boolean
  spoken: ReadonlySet<number>
}

class GrammarSampler implements Sampler {
  readonly #context: SamplingContext
  readonly #chain: SamplerChain
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
