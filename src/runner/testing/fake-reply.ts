// What the fake runner says: scripted replies, the story it tells without a script, and log-probabilities out of thin air.

import type { AppError } from '../../base/errors.ts'
import type { CompletionChunk, RunnerLogprob, RunnerPromptLogprob } from '../runner.ts'

/** How a scripted reply ends: well, or with an error after its pieces. */
export type FakeEnd = 'stop' | 'length' | 'repetition' | AppError

/** A text is cut into words; a list is taken piece by piece, without an end when it is a generator that has none. */
export type FakeReply = string | Iterable<string> | { pieces: string | Iterable<string>; end: FakeEnd }

export function toReply(reply: FakeReply): { pieces: Iterable<string>; end: FakeEnd } {
  if (typeof reply === 'object' && 'pieces' in reply) return { pieces: toPieces(reply.pieces), end: reply.end }
  return { pieces: toPieces(reply), end: 'stop' }
}

function toPieces(text: string | Iterable<string>): Iterable<string> {
  return typeof text === 'string' ? (text.match(/\s*\S+|\s+$/g) ?? []) : text
}

/** An endless text that depends on the prompt. */
export function* storyOf(prompt: readonly number[]): Generator<string> {
  const words = ['the', 'llama', 'walks', 'over', 'a', 'hill', 'and', 'sees', 'far', 'away', 'two', 'small', 'towns']
  let state = prompt.reduce((sum, token) => (sum * 31 + token) % 65_521, 7)
  while (true) {
    state = (state * 75 + 74) % 65_537
    yield ` ${words[state % words.length]}`
  }
}

export function fakeLogprob(token: string, topCount: number | undefined): RunnerLogprob | undefined {
  if (topCount === undefined) return undefined
  const logprob = { token, logprob: -0.5, bytes: [...Buffer.from(token)] }
  return topCount > 0 ? { ...logprob, top: [logprob, ...alternatives(topCount - 1)] } : logprob
}

export function fakePromptLogprobs(tokens: readonly string[], topCount: number): RunnerPromptLogprob[] {
  return tokens.map((token, index) => {
    const logprob = fakeLogprob(token, topCount) as RunnerLogprob
    return index > 0 ? logprob : { token, bytes: logprob.bytes, logprob: null }
  })
}

function alternatives(count: number): RunnerLogprob[] {
  return Array.from({ length: count }, (_, index) => ({
    token: `alt${index}`,
    logprob: -2 - index,
    bytes: [...Buffer.from(`alt${index}`)],
  }))
}

export function toTextChunk({ text, logprobs }: { text: string; logprobs: RunnerLogprob[] }): CompletionChunk {
  return { type: 'text', text, ...(logprobs.length > 0 ? { logprobs } : {}) }
}
