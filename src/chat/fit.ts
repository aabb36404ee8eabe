// Cuts the history so that the prompt fits the context (contract/native.md 4.6): the oldest messages go, all system messages and the last
// message stay. Invariant: the kept part is a suffix of the history behind the system messages that stood before it.
// The number of tokens falls with every message that goes, so the cut is found by halving and not by trying all.

import { isAppError } from '../base/errors.ts'
import type { Truncation } from './event.ts'
import type { Message } from './message.ts'

export interface FitOptions<Rendered extends { prompt: string }> {
  messages: readonly Message[]
  limitTokens: number
  /** Tokens that an image takes beside its tag; 0 where the model has no projector. */
  imageTokens?: number
  countTokens: (prompt: string) => Promise<number>
  render: (messages: readonly Message[]) => Rendered
}

export interface Fitted<Rendered> {
  rendered: Rendered
  messages: readonly Message[]
  /** Of the prompt and its images. */
  tokens: number
  /** Absent when nothing was cut. */
  truncation?: Truncation
}

interface Cut<Rendered> {
  from: number
  messages: readonly Message[]
  rendered: Rendered
  tokens: number
}

/** The last message is kept even where it alone does not fit. Throws what `render` throws for the whole history, or for the last message alone. */
export async function fitMessages<Rendered extends { prompt: string }>(options: FitOptions<Rendered>): Promise<Fitted<Rendered>> {
  const whole = await measure(options, 0)
  const last = options.messages.length - 1
  if (whole.tokens <= options.limitTokens || last <= 0) return toFitted(options, whole, whole)
  let best: Cut<Rendered> | undefined
  let low = 1
  let high = last
  while (low <= high) {
    const middle = (low + high) >> 1
    const cut = await measureFrom(options, middle)
    if (cut.tokens <= options.limitTokens) {
      best = cut
      high = middle - 1
    } else {
      low = cut.from + 1
    }
  }
  return toFitted(options, whole, best ?? (await measure(options, last)))
}

/** The first cut at or after `from` that the template accepts: some want the history to begin with the user. */
async function measureFrom<Rendered extends { prompt: string }>(options: FitOptions<Rendered>, from: number): Promise<Cut<Rendered>> {
  for (let at = from; at < options.messages.length - 1; at++) {
    try {
      return await measure(options, at)
    } catch (error) {
      if (!isAppError(error, 'template_error')) throw error
    }
  }
  return measure(options, options.messages.length - 1)
}

async function measure<Rendered extends { prompt: string }>(options: FitOptions<Rendered>, from: number): Promise<Cut<Rendered>> {
  const system = options.messages.slice(0, Math.max(from, 0)).filter((message) => message.role === 'system')
  const messages = [...system, ...options.messages.slice(Math.max(from, 0))]
  const rendered = options.render(messages)
  const images = messages.reduce((sum, message) => sum + (message.images?.length ?? 0), 0)
  const tokens = (await options.countTokens(rendered.prompt)) + images * (options.imageTokens ?? 0)
  return { from, messages, rendered, tokens }
}

function toFitted<Rendered extends { prompt: string }>(
  options: FitOptions<Rendered>,
  whole: Cut<Rendered>,
  cut: Cut<Rendered>,
): Fitted<Rendered> {
  const droppedMessages = options.messages.length - cut.messages.length
  const { rendered, messages, tokens } = cut
  const truncation = { droppedMessages, droppedTokens: Math.max(0, whole.tokens - tokens) }
  return { rendered, messages, tokens, ...(droppedMessages > 0 ? { truncation } : {}) }
}
