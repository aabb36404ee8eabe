// What a dialect costs: the same eight chats at once, streamed, over it and over the native API of the same server. The client reads bytes and parses
// nothing but the last count, so that what is measured is the server.

import type { Target } from '../client.ts'
import { freshStory } from '../fresh-text.ts'
import type { Scenario } from '../scenario.ts'

const CLIENTS = 8
const TOKENS = 64
/** What disturbs a measurement makes it slower: the fastest is the truest. */
const TURNS = 3

interface Dialect {
  path: string
  body(model: string, prompt: string): object
  /** The tokens of the reply; the last of its kind in the stream counts. */
  count: RegExp
}

const NATIVE: Dialect = {
  path: '/api/chat',
  body: (model, prompt) => ({ model, messages: toMessages(prompt), stream: true, options: { temperature: 0, num_predict: TOKENS } }),
  count: /"eval_count":(\d+)/g,
}
const CHAT: Dialect = {
  path: '/v1/chat/completions',
  body: (model, prompt) => ({
    model,
    messages: toMessages(prompt),
    stream: true,
    stream_options: { include_usage: true },
    temperature: 0,
    max_tokens: TOKENS,
  }),
  count: /"completion_tokens":(\d+)/g,
}
const RESPONSES: Dialect = {
  path: '/v1/responses',
  body: (model, prompt) => ({ model, input: prompt, stream: true, temperature: 0, max_output_tokens: TOKENS }),
  count: /"output_tokens":(\d+)/g,
}
const MESSAGES: Dialect = {
  path: '/v1/messages',
  body: (model, prompt) => ({ model, messages: toMessages(prompt), stream: true, temperature: 0, max_tokens: TOKENS }),
  count: /"output_tokens":(\d+)/g,
}

export const dialects: readonly Scenario[] = [CHAT, RESPONSES, MESSAGES].map((dialect) => ({
  name: `8 clients over ${dialect.path}, over the native API`,
  unit: 'times',
  bar: { own: 0.95 },
  needs: ['native'],
  about: 'tokens/s of the dialect over those of /api/chat, the best of three in turns each',
  async measure(target, seed) {
    const native: number[] = []
    const other: number[] = []
    for (let turn = 0; turn < TURNS; turn++) {
      native.push(await speed(target, NATIVE, seed + 2 * turn))
      other.push(await speed(target, dialect, seed + 2 * turn + 1))
    }
    return Math.max(...other) / Math.max(...native)
  },
}))

/** Tokens per second of all clients together. */
async function speed(target: Target, dialect: Dialect, seed: number): Promise<number> {
  const start = performance.now()
  const counts = await Promise.all(
    Array.from({ length: CLIENTS }, (_, client) => ask(target, dialect, freshStory(seed * CLIENTS + client))),
  )
  return (sum(counts) / (performance.now() - start)) * 1000
}

async function ask(target: Target, { path, body, count }: Dialect, prompt: string): Promise<number> {
  const answer = await fetch(`${target.url}${path}`, { method: 'POST', body: JSON.stringify(body(target.model, prompt)) })
  const text = await answer.text()
  const tokens = [...text.matchAll(count)].at(-1)?.[1]
  if (!answer.ok || tokens === undefined) throw new Error(`${target.name}: ${path} answered ${answer.status} ${text.slice(0, 200)}`)
  return Number(tokens)
}

function toMessages(prompt: string): object[] {
  return [{ role: 'user', content: prompt }]
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0)
}
