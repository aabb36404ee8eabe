import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSmol, post, postStream } from '../support/models.ts'
import { startServer, type TestServer } from '../support/server.ts'
import type { LogitsAnswer, LogitsQuestion } from './logits-child.ts'

interface TokenLogprob {
  token: string
  logprob: number
  /** Absent for a token without text. */
  bytes?: number[]
}

interface Logprob extends TokenLogprob {
  top_logprobs?: TokenLogprob[]
}

interface Generated {
  response: string
  done: boolean
  done_reason?: string
  eval_count: number
  logprobs?: Logprob[]
}

interface EchoedLogprobs {
  tokens: string[]
  token_logprobs: (number | null)[]
}

const PROMPT = 'The capital of France is Paris. The capital of Italy is'
/** Makes the model write characters of several tokens. */
const CHARACTERS = '🦙🐫🦙🐫🦙🐫🦙🐫🦙🐫'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
  await createSmol(server.url)
})
afterAll(async () => {
  await server.stop()
  server.clean()
})

function requestOf(prompt: string, fields: Record<string, unknown> = {}, options: Record<string, unknown> = {}) {
  const greedy = { temperature: 0, repeat_penalty: 1, num_predict: 24, num_ctx: 512, ...options }
  return { model: 'smol', prompt, raw: true, logprobs: true, top_logprobs: 5, ...fields, options: greedy }
}

const whole = (prompt: string, fields: Record<string, unknown> = {}, options: Record<string, unknown> = {}) =>
  post<Generated>(`${server.url}/api/generate`, { ...requestOf(prompt, fields, options), stream: false })

async function streamed(prompt: string, fields: Record<string, unknown> = {}, options: Record<string, unknown> = {}) {
  const records: Generated[] = []
  for await (const record of postStream<Generated>(`${server.url}/api/generate`, requestOf(prompt, fields, options))) records.push(record)
  return records
}

describe('log-probabilities', () => {
  it.each<[string, string, Record<string, unknown>]>([
    ['a greedy reply', PROMPT, {}],
    ['characters of several tokens', CHARACTERS, {}],
    ['a reply by chance', 'Once upon a time', { temperature: 1.2, seed: 5 }],
    ['a reply under penalties', 'One, two, one, two, one,', { repeat_penalty: 1.5, presence_penalty: 1 }],
  ])('are the softmax of the logits for %s', async (_, prompt, options) => {
    const { logprobs = [] } = await whole(prompt, {}, options)
    expect(logprobs.length).toBeGreaterThanOrEqual(20)
    const truth = askEngine({ prompt, reply: logprobs.map(bytesOf), top: 5 })
    for (const [index, { logprob, top_logprobs = [] }] of logprobs.entries()) {
      const expected = truth[index] as LogitsAnswer[number]
      expect(Math.abs(logprob - expected.logprob)).toBeLessThan(1e-3)
      for (const [rank, { logprob: likely }] of top_logprobs.entries()) {
        expect(Math.abs(likely - (expected.top[rank]?.logprob ?? 0))).toBeLessThan(1e-3)
      }
      expect(top_logprobs.map((entry) => bytesOf(entry))).toEqual(expected.top.map(({ bytes }) => bytes))
    }
  })

  it('are the same under a grammar: what the model thought, not what it was left', async () => {
    const { logprobs = [], response } = await whole(PROMPT, { format: { type: 'array', items: { type: 'integer' }, minItems: 3 } })
    expect(response.trimStart().startsWith('[')).toBe(true)
    const truth = askEngine({ prompt: PROMPT, reply: logprobs.map(bytesOf), top: 1 })
    for (const [index, { logprob }] of logprobs.entries()) expect(Math.abs(logprob - (truth[index]?.logprob ?? 0))).toBeLessThan(1e-3)
    expect(logprobs[0]?.logprob).toBeLessThan(-1)
  })

  it('are the same numbers streamed and whole', async () => {
    // Twice before, so that both evaluate only the last token of the prompt.
    await whole(PROMPT)
    const all = await whole(PROMPT)
    const records = await streamed(PROMPT)
    expect(records.flatMap(({ logprobs = [] }) => logprobs)).toEqual(all.logprobs)
    expect(records.map(({ response }) => response).join('')).toBe(all.response)
    expect(records.at(-1)).toMatchObject({ done: true, response: '' })
  })

  it('come with chats as with prompts', async () => {
    const ask = {
      model: 'smol',
      logprobs: true,
      top_logprobs: 2,
      stream: false,
      options: { temperature: 0, num_predict: 16, num_ctx: 512 },
    }
    const chat = () =>
      post<{ message: { content: string }; logprobs: Logprob[] }>(`${server.url}/api/chat`, {
        ...ask,
        messages: [{ role: 'user', content: 'Name a color.' }],
      })
    await chat()
    const { message, logprobs } = await chat()
    const { logprobs: generated } = await post<Generated>(`${server.url}/api/generate`, { ...ask, prompt: 'Name a color.' })
    expect(textOf(logprobs)).toBe(message.content)
    expect(generated).toEqual(logprobs)
  })

  it('are not given unless asked for', async () => {
    expect(await whole(PROMPT, { logprobs: false, top_logprobs: 0 })).not.toHaveProperty('logprobs')
  })
})

describe('an echoed prompt', () => {
  it('has the log-probabilities that its tokens had when they were written', async () => {
    const { response, logprobs: written = [] } = await whole(PROMPT)
    const asked = { model: 'smol', prompt: PROMPT + response, echo: true, logprobs: 5, max_tokens: 0, num_ctx: 512 }
    const { choices } = await post<{ choices: [{ text: string; logprobs: EchoedLogprobs }] }>(`${server.url}/v1/completions`, asked)
    const [{ text, logprobs }] = choices
    expect(text).toBe(PROMPT + response)
    expect(logprobs.tokens.join('')).toBe(text)
    expect(logprobs.token_logprobs[0]).toBeNull()
    expect(logprobs.tokens.slice(-written.length)).toEqual(written.map(({ token }) => token))
    for (const [index, value] of logprobs.token_logprobs.slice(-written.length).entries()) {
      expect(Math.abs((value ?? 0) - (written[index]?.logprob ?? 0))).toBeLessThan(0.2)
    }
  })
})

describe('the likeliest tokens', () => {
  it.each([1, 2, 20])('(%d) come in order, each no likelier than the one before, and their shares make no more than one', async (count) => {
    const { logprobs = [] } = await whole(PROMPT, { top_logprobs: count })
    for (const { token, logprob, top_logprobs = [] } of logprobs) {
      expect(top_logprobs).toHaveLength(count)
      const values = top_logprobs.map((entry) => entry.logprob)
      expect(values).toEqual(values.toSorted((a, b) => b - a))
      expect(values.reduce((sum, value) => sum + Math.exp(value), 0)).toBeLessThanOrEqual(1 + 1e-6)
      // Greedy: the first of them is the one that was taken.
      expect(top_logprobs[0]).toMatchObject({ token, logprob })
    }
  })

  it('are left out for 0, and the token alone stays', async () => {
    const { logprobs = [] } = await whole(PROMPT, { top_logprobs: 0 })
    expect(logprobs).toHaveLength(24)
    for (const entry of logprobs) expect(Object.keys(entry)).toEqual(['token', 'logprob', 'bytes'])
  })
})

describe('tokens that are held back', () => {
  it('come with the character that they complete', async () => {
    const records = await streamed(CHARACTERS)
    const several = records.filter(({ logprobs = [] }) => logprobs.length > 1)
    expect(several.length).toBeGreaterThan(0)
    for (const { response, logprobs = [] } of records) {
      expect(textOf(logprobs)).toBe(response)
      expect(response).not.toContain('\ufffd')
    }
  })

  it('come when it is certain that no stop string begins with them', async () => {
    const { response } = await whole(PROMPT)
    // The first half of this occurs in the reply, the whole does not.
    const stop = `${response.slice(8, 20)}\u0001`
    const records = await streamed(PROMPT, {}, { stop: [stop] })
    expect(records.map((record) => record.response).join('')).toBe(response)
    expect(records.some(({ logprobs = [] }) => logprobs.length > 1)).toBe(true)
    expectAligned(records)
    expect(textOf(records.flatMap(({ logprobs = [] }) => logprobs))).toBe(response)
  })

  it.each([0, 1, 2, 3])('are left out from the stop string on, wherever in a token it begins (%d)', async (shift) => {
    const { response, logprobs = [] } = await whole(PROMPT)
    const from = 12 + shift
    const records = await streamed(PROMPT, {}, { stop: [response.slice(from, from + 7)] })
    const text = records.map((record) => record.response).join('')
    const at = response.indexOf(response.slice(from, from + 7))
    expect(text).toBe(response.slice(0, at))
    expect(records.at(-1)).toMatchObject({ done: true, done_reason: 'stop' })
    expectAligned(records)
    const tokens = records.flatMap((record) => record.logprobs ?? [])
    expect(tokens.map(({ token }) => token)).toEqual(logprobs.slice(0, tokens.length).map(({ token }) => token))
    // The token in which the stop string begins was made too; none behind it is told.
    expect(textOf(tokens).startsWith(text)).toBe(true)
    expect(textOf(tokens.slice(0, -1)).length).toBeLessThan(Math.max(text.length, 1))
  })
})

/** After each record, the tokens told so far hold the text sent so far. */
function expectAligned(records: readonly Generated[]): void {
  let text = ''
  const tokens: Logprob[] = []
  for (const { response, logprobs = [] } of records) {
    text += response
    tokens.push(...logprobs)
    expect(textOf(tokens).startsWith(text)).toBe(true)
  }
}

function textOf(tokens: readonly TokenLogprob[]): string {
  return Buffer.from(tokens.flatMap(bytesOf)).toString('utf8')
}

function bytesOf({ bytes = [] }: TokenLogprob): number[] {
  return bytes
}

function askEngine(question: LogitsQuestion): LogitsAnswer {
  const child = fileURLToPath(new URL('./logits-child.ts', import.meta.url))
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', child, process.env.LLAMERO_TEST_GGUF ?? ''], {
    input: JSON.stringify(question),
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  })
  if (status !== 0) throw new Error(`the engine gave no answer: ${stderr.slice(-2000)}`)
  return JSON.parse(stdout) as LogitsAnswer
}
