// What a client of the soak does: requests of mixed lengths and shapes, one after the other, some of which it leaves in the middle.

import type { createRandom } from '../src/gguf/testing/random.ts'
import { freshText } from './fresh-text.ts'

/** A request that takes longer hangs. */
const DEADLINE_MS = 180_000
const PROMPT_WORDS = [4, 16, 60, 300, 1000]
const REPLY_TOKENS = [1, 8, 32, 64, 160]
/** Beginnings that several requests share. */
const BEGINNINGS = 4

export interface SoakTally {
  requests: number
  cancelled: number
  tokens: number
  errors: Map<string, number>
}

type Random = ReturnType<typeof createRandom>

/** One request; what goes wrong is counted, not thrown. */
export async function askOnce(url: string, model: string, random: Random, tally: SoakTally): Promise<void> {
  const tokens = pick(REPLY_TOKENS, random)
  const cancelAfter = random() < 0.2 ? Math.floor(random() * tokens) : undefined
  const stream = cancelAfter !== undefined || random() < 0.8
  const prompt = toPrompt(random)
  const isChat = random() < 0.4
  const options = { num_predict: tokens, temperature: random() < 0.5 ? 0 : 0.8 }
  const body = { model, stream, options, ...(isChat ? { messages: [{ role: 'user', content: prompt }] } : { prompt, raw: true }) }
  tally.requests++
  const leaving = new AbortController()
  try {
    const signal = AbortSignal.any([leaving.signal, AbortSignal.timeout(DEADLINE_MS)])
    const answer = await fetch(`${url}${isChat ? '/api/chat' : '/api/generate'}`, { method: 'POST', body: JSON.stringify(body), signal })
    if (!answer.ok || !answer.body) throw new Error(`status ${answer.status}: ${(await answer.text()).slice(0, 200)}`)
    const evalTokens = await readReply(answer.body, cancelAfter, leaving)
    if (evalTokens > tokens) throw new Error(`${evalTokens} tokens where at most ${tokens} were asked for`)
    tally.tokens += evalTokens
  } catch (error) {
    if (leaving.signal.aborted) tally.cancelled++
    else count(tally.errors, describe(error))
  }
}

/** The tokens that the last record counts. */
async function readReply(body: AsyncIterable<Uint8Array>, cancelAfter: number | undefined, leaving: AbortController): Promise<number> {
  const decoder = new TextDecoder()
  let pending = ''
  let records = 0
  let evalTokens: number | undefined
  for await (const bytes of body) {
    const lines = (pending + decoder.decode(bytes, { stream: true })).split('\n')
    pending = lines.pop() ?? ''
    for (const line of lines) evalTokens = readRecord(line) ?? evalTokens
    records += lines.length
    if (cancelAfter !== undefined && evalTokens === undefined && records >= cancelAfter) leaving.abort()
  }
  if (pending !== '') evalTokens = readRecord(pending) ?? evalTokens
  if (evalTokens === undefined) throw new Error('the reply ended without a last record')
  return evalTokens
}

function readRecord(line: string): number | undefined {
  const record = JSON.parse(line) as { error?: string; done?: boolean; eval_count?: number }
  if (record.error !== undefined) throw new Error(record.error)
  return record.done ? (record.eval_count ?? 0) : undefined
}

function toPrompt(random: Random): string {
  const words = pick(PROMPT_WORDS, random)
  const seed = Math.floor(random() * 1e6)
  const question = (length: number) =>
    `Notes ${seed}: ${freshText(length, seed)}.\n\nChapter 1. Once upon a time, in a small village, there lived a llama that`
  return random() < 0.5 ? question(words) : `${freshText(words, Math.floor(random() * BEGINNINGS))}\n\n${question(4)}`
}

function pick<T>(list: readonly T[], random: Random): T {
  return list[Math.floor(random() * list.length)] as T
}

function count(errors: Map<string, number>, text: string): void {
  errors.set(text, (errors.get(text) ?? 0) + 1)
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
}
