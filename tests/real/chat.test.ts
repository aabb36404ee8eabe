import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HARDLY_LEADS, leadOf } from '../support/greedy.ts'
import { createSmol, post, postStream } from '../support/models.ts'
import { startServer, type TestServer } from '../support/server.ts'

interface Generated {
  response: string
  done: boolean
  done_reason: string
  eval_count: number
  prompt_eval_count: number
  prompt_eval_cached_count?: number
  logprobs?: { token: string; logprob: number; top_logprobs: { token: string; logprob: number }[] }[]
}

let server: TestServer
beforeAll(async () => {
  server = await startServer()
  await createSmol(server.url)
})
afterAll(async () => {
  await server.stop()
  server.clean()
})

const questions = [
  'Why is the sky blue?',
  'Name three colors.',
  'Write one sentence about llamas and the mountains that they live in, and say why people keep them there.',
  'What is 2 + 2?',
  'Tell me about the sea.',
  'Who wrote Hamlet?',
  'Give me a list of five animals, each with the place where it lives and the food that it eats most of the time.',
  'Say hello.',
]
const lengths = [12, 40, 25, 8, 60, 16, 48, 30]

const ask = (index: number) =>
  post<Generated>(`${server.url}/api/generate`, {
    model: 'smol',
    prompt: questions[index],
    stream: false,
    logprobs: true,
    top_logprobs: 2,
    options: { temperature: 0, num_predict: lengths[index] },
  })

describe('eight chats at once', () => {
  it('end correctly, each with the greedy text that it gives alone', async () => {
    const indexes = questions.map((_, index) => index)
    await ask(0)
    const alone: Generated[] = []
    for (const index of indexes) alone.push(await ask(index))
    const together = await Promise.all(indexes.map(ask))
    for (const index of indexes) {
      expect(together[index]?.done).toBe(true)
      expect(together[index]?.eval_count).toBeLessThanOrEqual(lengths[index] as number)
      expectSameUntilClose(alone[index] as Generated, together[index] as Generated)
    }
  })
})

/** Batched arithmetic differs in the last bits: the texts may part at a token whose lead over the next likely one is small. */
function expectSameUntilClose(a: Generated, b: Generated): void {
  const [left, right] = [a.logprobs ?? [], b.logprobs ?? []]
  expect(left.length).toBeGreaterThan(0)
  for (const [index, token] of left.entries()) {
    if (leadOf(token.top_logprobs) < HARDLY_LEADS) return
    expect(right[index]?.token).toBe(token.token)
  }
}

describe('a conversation', () => {
  it('streams records of text and one last record with counts and times', async () => {
    const records: { message: { content: string }; done: boolean; done_reason?: string; eval_count?: number; total_duration?: number }[] =
      []
    for await (const record of postStream<(typeof records)[0]>(`${server.url}/api/chat`, {
      model: 'smol',
      messages: [{ role: 'user', content: 'Say hello.' }],
      options: { num_predict: 12, temperature: 0 },
    })) {
      records.push(record)
    }
    const last = records.at(-1)
    expect(records.filter(({ done }) => done)).toHaveLength(1)
    expect(last).toMatchObject({ done: true, message: { content: '' } })
    expect(last?.eval_count).toBeGreaterThan(0)
    expect(last?.total_duration).toBeGreaterThan(1e6)
    expect(records.slice(0, -1).every(({ message }) => message.content !== '')).toBe(true)
  })

  it('gives the same text for the same seed and another for another', async () => {
    const sampled = async (seed: number) =>
      (
        await post<Generated>(`${server.url}/api/generate`, {
          model: 'smol',
          prompt: 'A story:',
          stream: false,
          options: { seed, temperature: 1, num_predict: 24 },
        })
      ).response
    expect(await sampled(7)).toBe(await sampled(7))
    expect(await sampled(7)).not.toBe(await sampled(8))
  })

  it('evaluates only what is new of a prompt that begins like an earlier one', async () => {
    const beginning = 'The quick brown fox jumps over the lazy dog. '.repeat(20)
    const first = await post<Generated>(`${server.url}/api/generate`, {
      model: 'smol',
      prompt: `${beginning}One?`,
      raw: true,
      stream: false,
      options: { num_predict: 1 },
    })
    const second = await post<Generated>(`${server.url}/api/generate`, {
      model: 'smol',
      prompt: `${beginning}Two?`,
      raw: true,
      stream: false,
      options: { num_predict: 1 },
    })
    expect(second.prompt_eval_count).toBe(first.prompt_eval_count)
    expect(second.prompt_eval_cached_count).toBeGreaterThan((second.prompt_eval_count ?? 0) - 8)
  })

  it('frees its slot when the client leaves in mid-stream', async () => {
    const leaving = new AbortController()
    const stream = postStream(
      `${server.url}/api/generate`,
      { model: 'smol', prompt: 'Count:', raw: true, options: { num_predict: 4000, num_ctx: 4096 } },
      leaving.signal,
    )
    await stream.next()
    leaving.abort()
    await expect(stream.next()).rejects.toThrow()
    const next = await post<Generated>(`${server.url}/api/generate`, {
      model: 'smol',
      prompt: 'Hi',
      stream: false,
      options: { num_predict: 2 },
    })
    expect(next.done).toBe(true)
  })
})
