// A context of which nobody said how large it is: it grows for the prompt and the reply that need it, up to the model's 8,192 tokens, and
// what it held before is still there. The prompt counts, so that its greedy continuation is sure.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSmol, post, postStream } from '../support/models.ts'
import { startServer, type TestServer } from '../support/server.ts'

interface Generated {
  response: string
  done_reason: string
  eval_count: number
  prompt_eval_count: number
  prompt_eval_cached_count?: number
  truncated?: boolean
  prompt_dropped_tokens?: number
}

const LIMIT_MS = 240_000
/** 320 lines are more than 4,096 tokens, 250 are fewer. */
const counting = (lines: number) =>
  Array.from({ length: lines }, (_, index) => `The sheep with the number ${index + 1000} jumps over the fence.\n`).join('')

let server: TestServer
beforeAll(async () => {
  server = await startServer()
  await createSmol(server.url)
})
afterAll(async () => {
  await server.stop()
  server.clean()
})

const generate = (prompt: string, options: Record<string, number>, fields: Record<string, unknown> = {}) =>
  post<Generated>(`${server.url}/api/generate`, {
    model: 'smol',
    prompt,
    raw: true,
    stream: false,
    options: { temperature: 0, num_predict: 24, ...options },
    ...fields,
  })

async function running(): Promise<{ context_length: number; size: number }> {
  const answer = await fetch(`${server.url}/api/ps`)
  const { models } = (await answer.json()) as { models: { context_length: number; size: number }[] }
  return models[0] ?? { context_length: 0, size: 0 }
}

const unload = () => generate('', {}, { keep_alive: 0 })

describe('a context of no given size', () => {
  it(
    'grows for a long prompt, keeps the prefix of the talk before, and gives the text that a large context gives',
    async () => {
      const before = await generate(counting(80), { num_predict: 1 })
      const small = await running()
      expect(small.context_length).toBe(4096)

      const grown = await generate(counting(320), {})
      expect(grown.prompt_eval_count).toBeGreaterThan(4096)
      expect(grown).not.toHaveProperty('truncated')
      expect(grown.prompt_eval_cached_count).toBeGreaterThanOrEqual(before.prompt_eval_count - 2)
      const large = await running()
      expect(large.context_length).toBe(8192)
      expect(large.size).toBeGreaterThan(small.size + 50e6)

      await unload()
      const fromTheStart = await generate(counting(320), { num_ctx: 8192 })
      expect(fromTheStart.prompt_eval_count).toBe(grown.prompt_eval_count)
      expect(grown.response).toBe(fromTheStart.response)
      expect(grown.response).toMatch(/sheep/)
      await unload()
    },
    LIMIT_MS,
  )

  it(
    'grows beside a reply under way, which goes on and says what it says alone',
    async () => {
      const options = { temperature: 0, num_predict: 400, repeat_penalty: 1 }
      const request = { model: 'smol', prompt: counting(20), raw: true, options }
      const alone = await post<Generated>(`${server.url}/api/generate`, { ...request, stream: false })
      await unload()

      let text = ''
      let other: Promise<Generated> | undefined
      for await (const record of postStream<Generated>(`${server.url}/api/generate`, request)) {
        text += record.response
        other ??= generate(counting(320), { num_predict: 1 })
      }
      expect(text).toBe(alone.response)
      expect(await other).not.toHaveProperty('truncated')
      expect((await running()).context_length).toBe(8192)
      await unload()
    },
    LIMIT_MS,
  )

  it(
    'grows for a reply that goes beyond it',
    async () => {
      const lines = 250
      const { prompt_eval_count: perAll } = await generate(counting(lines), { num_predict: 1 })
      const rest = 4096 - perAll
      expect(rest).toBeGreaterThan(0)
      const reply = await generate(counting(lines), { num_predict: rest + 40 }, { shift: false })
      expect(reply).toMatchObject({ done_reason: 'length', eval_count: rest + 40 })
      expect((await running()).context_length).toBe(8192)
      await unload()
    },
    LIMIT_MS,
  )
})

describe('a context of a given size', () => {
  it(
    'is obeyed: the prompt is cut, and the reply says so',
    async () => {
      const cut = await generate(counting(320), { num_ctx: 2048, num_predict: 1 })
      expect(cut.truncated).toBe(true)
      expect(cut.prompt_eval_count).toBeLessThan(2048)
      expect(cut.prompt_dropped_tokens).toBeGreaterThan(2000)
      expect((await running()).context_length).toBe(2048)
    },
    LIMIT_MS,
  )
})
