// npm's `ollama`, unmodified: every method that it has.

import { Ollama, type ProgressResponse, type Tool } from 'ollama'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSmol } from '../support/models.ts'
import { freePort, startServer, type TestServer } from '../support/server.ts'
import { TEST_MODEL_SHA256 } from '../support/test-model.ts'
import { type Library, startLibrary } from './library.ts'
import { createScripted } from './scripted.ts'

let server: TestServer
let library: Library
let ollama: Ollama
beforeAll(async () => {
  ;[server, library] = await Promise.all([startServer(), startLibrary()])
  ollama = new Ollama({ host: server.url })
  await createSmol(server.url)
  await createScripted(server.url)
})
afterAll(async () => {
  await library.close()
  await server.stop()
  server.clean()
})

const greedy = { temperature: 0, num_predict: 12 }
const durations = {
  total_duration: expect.any(Number),
  load_duration: expect.any(Number),
  prompt_eval_duration: expect.any(Number),
  eval_duration: expect.any(Number),
}
const weather: Tool = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'Weather of a city',
    parameters: { type: 'object', required: ['city'], properties: { city: { type: 'string' }, days: { type: ['integer', 'null'] } } },
  },
}
const pixel = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')

describe('chat', () => {
  const hello = { model: 'smol', messages: [{ role: 'user', content: 'Say hello.' }], options: greedy }

  it('answers as a whole', async () => {
    const reply = await ollama.chat(hello)
    expect(reply).toMatchObject({ model: 'smol', message: { role: 'assistant' }, done: true, ...durations })
    expect(reply.message.content).not.toBe('')
    expect(reply.prompt_eval_count).toBeGreaterThan(0)
    expect(reply.eval_count).toBeGreaterThan(0)
    expect(new Date(reply.created_at).getTime()).toBeGreaterThan(Date.now() - 60_000)
  })

  it('streams the same words as it answers', async () => {
    const whole = await ollama.chat(hello)
    const parts = await collect(await ollama.chat({ ...hello, stream: true }))
    expect(parts.map(({ message }) => message.content).join('')).toBe(whole.message.content)
    expect(parts.filter(({ done }) => done)).toHaveLength(1)
    expect(parts.at(-1)).toMatchObject({ done: true, done_reason: whole.done_reason, eval_count: whole.eval_count })
  })

  it('follows a schema', async () => {
    const format = {
      type: 'object',
      required: ['name', 'legs', 'tame'],
      properties: { name: { enum: ['llama', 'dog'] }, legs: { type: 'integer', minimum: 0, maximum: 9 }, tame: { type: 'boolean' } },
    }
    const { message } = await ollama.chat({ ...hello, format, options: { temperature: 0, num_predict: 60 } })
    const animal = JSON.parse(message.content)
    expect(Object.keys(animal)).toEqual(['name', 'legs', 'tame'])
    expect(animal).toEqual({ name: expect.stringMatching(/^(llama|dog)$/), legs: expect.any(Number), tame: expect.any(Boolean) })
  })

  it('tells how likely each token was', async () => {
    const { logprobs = [], eval_count } = await ollama.chat({ ...hello, logprobs: true, top_logprobs: 3 })
    expect(logprobs.length).toBeGreaterThan(0)
    expect(logprobs.length).toBeLessThanOrEqual(eval_count)
    for (const { token, logprob, top_logprobs: [best, ...others] = [] } of logprobs) {
      expect(best).toMatchObject({ token, logprob })
      expect(others).toHaveLength(2)
    }
  })

  it('calls a tool, takes its answer, and goes on', async () => {
    const messages = [{ role: 'user', content: 'Weather in Paris?' }]
    const asked = await ollama.chat({ model: 'caller', messages, tools: [weather] })
    expect(asked.message.tool_calls).toMatchObject([{ function: { name: 'get_weather', arguments: { city: 'Paris', days: 2 } } }])
    expect(asked.message.content).toBe('')
    const answered = await ollama.chat({
      model: 'caller',
      messages: [...messages, asked.message, { role: 'tool', tool_name: 'get_weather', content: 'sun' }],
      tools: [weather],
    })
    expect(answered.message).toEqual({ role: 'assistant', content: 'It is sunny.' })
  })

  it('streams a call of a tool in one part', async () => {
    const parts = await collect(
      await ollama.chat({ model: 'caller', messages: [{ role: 'user', content: 'Weather?' }], tools: [weather], stream: true }),
    )
    expect(parts.flatMap(({ message }) => message.tool_calls ?? [])).toMatchObject([
      { function: { name: 'get_weather', arguments: { city: 'Paris', days: 2 } } },
    ])
    expect(parts.map(({ message }) => message.content).join('')).toBe('')
    expect(parts.at(-1)).toMatchObject({ done: true, done_reason: 'stop' })
  })

  it('keeps thinking and answer apart', async () => {
    const question = { model: 'thinker', messages: [{ role: 'user', content: '6 * 7?' }] }
    const thought = await ollama.chat({ ...question, think: true })
    expect(thought.message).toEqual({ role: 'assistant', thinking: 'Six times seven.', content: 'It is forty-two.' })
    const parts = await collect(await ollama.chat({ ...question, think: true, stream: true }))
    expect(parts.map(({ message }) => message.thinking ?? '').join('')).toBe('Six times seven.')
    expect(parts.map(({ message }) => message.content).join('')).toBe('It is forty-two.')
    expect((await ollama.chat({ ...question, think: false })).message).toEqual({ role: 'assistant', content: 'Forty-two' })
  })

  it('loads and unloads a model', async () => {
    expect(await ollama.chat({ model: 'thinker' })).toMatchObject({ done: true, done_reason: 'load' })
    expect((await ollama.ps()).models.map(({ name }) => name)).toContain('thinker:latest')
    expect(await ollama.chat({ model: 'thinker', keep_alive: 0 })).toMatchObject({ done: true, done_reason: 'unload' })
    expect((await ollama.ps()).models.map(({ name }) => name)).not.toContain('thinker:latest')
  })

  it.each([
    ['a model that is not there', { ...hello, model: 'absent' }, 404, "model 'absent' not found"],
    ['a tool for a model without tools', { ...hello, tools: [weather] }, 400, /smol:latest does not support tools$/],
    ['thinking of a model without it', { ...hello, think: true }, 400, '"smol" does not support thinking'],
    [
      'a picture for a model that cannot see',
      { ...hello, messages: [{ role: 'user', content: 'What is it?', images: [new Uint8Array(pixel)] }] },
      400,
      'Multimodal data provided, but model does not support multimodal requests.',
    ],
    ['a format that is none', { ...hello, format: 'xml' }, 400, /^invalid format: /],
    ['more alternatives than there may be', { ...hello, logprobs: true, top_logprobs: 21 }, 400, 'top_logprobs must be between 0 and 20'],
  ])('refuses %s, streaming or not', async (_, request, status, message) => {
    const refusal = { name: 'ResponseError', status_code: status, message: matching(message) }
    await expect(ollama.chat(structuredClone(request))).rejects.toMatchObject(refusal)
    await expect(ollama.chat({ ...structuredClone(request), stream: true })).rejects.toMatchObject(refusal)
  })
})

describe('generate', () => {
  it('answers, streams the same, and goes on from the context', async () => {
    const request = { model: 'smol', prompt: 'Name a color.', system: 'Answer with one word.', options: greedy }
    const whole = await ollama.generate(request)
    expect(whole).toMatchObject({ model: 'smol', done: true, ...durations })
    expect(whole.context.length).toBeGreaterThan(whole.eval_count)
    const parts = await collect(await ollama.generate({ ...request, stream: true }))
    expect(parts.map(({ response }) => response).join('')).toBe(whole.response)
    expect(parts.at(-1)?.context).toEqual(whole.context)
    const next = await ollama.generate({ model: 'smol', prompt: 'Another.', context: whole.context, options: greedy })
    expect(next.prompt_eval_count).toBeGreaterThan(whole.context.length)
  })

  it('takes a raw prompt, a template of its own, a schema and logprobs', async () => {
    const raw = await ollama.generate({ model: 'smol', prompt: '1, 2, 3, 4, 5,', raw: true, options: { ...greedy, num_predict: 5 } })
    expect(raw.response).toContain('6')
    expect(raw.context).toBeUndefined()
    const counted = await ollama.generate({
      model: 'smol',
      prompt: 'x',
      template: '1, 2, 3, 4, 5,{{ if false }}{{ .Prompt }}{{ end }}',
      options: { ...greedy, num_predict: 5 },
    })
    expect(counted.response).toContain('6')
    const { response } = await ollama.generate({ model: 'smol', prompt: 'Yes?', format: { type: 'boolean' }, options: greedy })
    expect([true, false]).toContain(JSON.parse(response ?? ''))
    const { logprobs } = await ollama.generate({ model: 'smol', prompt: 'x', logprobs: true, options: { temperature: 0, num_predict: 1 } })
    expect(logprobs).toEqual([{ token: expect.any(String), logprob: expect.any(Number), bytes: expect.any(Array) }])
  })

  it('keeps thinking and answer apart', async () => {
    expect(await ollama.generate({ model: 'thinker', prompt: '6 * 7?', think: true })).toMatchObject({
      thinking: 'Six times seven.',
      response: 'It is forty-two.',
    })
  })

  it.each([
    ['a suffix for a model that does not insert', { suffix: 'end' }, 400, /smol:latest does not support insert$/],
    ['a picture', { images: [new Uint8Array(pixel)] }, 400, 'Multimodal data provided, but model does not support multimodal requests.'],
    ['an option of the wrong type', { options: { temperature: 'hot' as unknown as number } }, 400, /temperature/],
  ])('refuses %s', async (_, fields, status, message) => {
    await expect(ollama.generate({ model: 'smol', prompt: 'x', ...fields })).rejects.toMatchObject({
      name: 'ResponseError',
      status_code: status,
      message: matching(message),
    })
  })
})

describe('abort', () => {
  const long = { model: 'smol', prompt: 'Count:', raw: true, options: { num_predict: 4000, temperature: 0 }, stream: true } as const

  it('of one stream ends that stream and leaves the other', async () => {
    const [left, kept] = [
      await ollama.generate(long),
      await ollama.generate({ ...long, prompt: '1, 2,', options: { num_predict: 20, temperature: 0 } }),
    ]
    const keptParts = collect(kept)
    await expect(
      (async () => {
        for await (const { done } of left) if (!done) left.abort()
      })(),
    ).rejects.toMatchObject({ name: 'AbortError' })
    expect((await keptParts).at(-1)).toMatchObject({ done: true })
  })

  it('of the client ends all its streams, and the next request is answered', async () => {
    const streams = await Promise.all([ollama.generate(long), ollama.generate({ ...long, prompt: 'Alphabet:' })])
    const readings = streams.map((stream) => collect(stream))
    ollama.abort()
    for (const reading of readings) await expect(reading).rejects.toMatchObject({ name: 'AbortError' })
    expect(await ollama.generate({ model: 'smol', prompt: 'Hi', options: { num_predict: 1 } })).toMatchObject({ done: true })
  })
})

describe('models', () => {
  it('are created from files and from each other, shown, listed, copied and deleted', async () => {
    // The client has no field for files in its types, and sends what it is given.
    const fromFiles = { model: 'made', files: { 'm.gguf': `sha256:${TEST_MODEL_SHA256}` }, system: 'Be brief.' }
    expect(await ollama.create(fromFiles)).toMatchObject({ status: 'success' })
    const created = await collect(
      await ollama.create({
        model: 'made-of',
        from: 'made',
        template: '{{ .System }} {{ .Prompt }}',
        license: ['one', 'two'],
        parameters: { temperature: 0, stop: ['x', 'y'] },
        messages: [{ role: 'user', content: 'Hi' }],
        stream: true,
      }),
    )
    expect(created.at(-1)).toMatchObject({ status: 'success' })
    const shown = await ollama.show({ model: 'made-of' })
    expect(shown).toMatchObject({
      template: '{{ .System }} {{ .Prompt }}',
      system: 'Be brief.',
      license: 'one\ntwo',
      messages: [{ role: 'user', content: 'Hi' }],
      details: { format: 'gguf', family: 'llama', quantization_level: 'Q4_1' },
      capabilities: ['completion'],
      model_info: { 'general.architecture': 'llama' },
    })
    expect(shown.parameters).toMatch(/temperature +0/)
    expect(shown.modelfile).toContain('SYSTEM Be brief.')
    expect(await ollama.copy({ source: 'made-of', destination: 'copied' })).toEqual({ status: 'success' })
    const listed = (await ollama.list()).models
    expect(listed.map(({ name }) => name)).toEqual(expect.arrayContaining(['made:latest', 'made-of:latest', 'copied:latest']))
    for (const { size, digest, modified_at, details } of listed) {
      expect({ size, digest }).toEqual({ size: expect.any(Number), digest: expect.stringMatching(/^[0-9a-f]{64}$/) })
      expect(new Date(modified_at).getTime()).not.toBeNaN()
      expect(details.format).toBe('gguf')
    }
    for (const model of ['made', 'made-of', 'copied']) expect(await ollama.delete({ model })).toEqual({ status: 'success' })
    expect((await ollama.list()).models.map(({ name }) => name)).not.toContain('made:latest')
  })

  it('are pulled, with progress or as a whole', async () => {
    const parts = await collect(await ollama.pull({ model: library.model, insecure: true, stream: true }))
    expect(parts[0]).toEqual({ status: 'pulling manifest' })
    expect(parts.at(-1)).toEqual({ status: 'success' })
    const moved = parts.filter(({ digest }) => digest)
    expect(moved.length).toBeGreaterThan(0)
    for (const { total, completed = 0 } of moved) expect(completed).toBeLessThanOrEqual(total)
    expect(await ollama.pull({ model: library.model, insecure: true })).toEqual({ status: 'success' })
    expect((await ollama.generate({ model: library.model, prompt: 'x\n', raw: true })).response).toBe('Hello from afar.')
  })

  it('that are not there, or whose registry is silent, are told as such', async () => {
    for (const failing of [
      () => ollama.show({ model: 'absent' }),
      () => ollama.delete({ model: 'absent' }),
      () => ollama.copy({ source: 'absent', destination: 'b' }),
      () => ollama.create({ model: 'c', from: '' }),
    ])
      await expect(failing()).rejects.toMatchObject({
        name: 'ResponseError',
        status_code: expect.any(Number),
        message: expect.stringMatching(/\w/),
      })
    await expect(ollama.show({ model: 'absent' })).rejects.toMatchObject({ status_code: 404, message: "model 'absent:latest' not found" })
    const nowhere = `127.0.0.1:${await freePort()}/library/smol`
    await ollama.copy({ source: 'smol', destination: nowhere })
    for (const move of [ollama.pull.bind(ollama), ollama.push.bind(ollama)]) {
      await expect(move({ model: nowhere, insecure: true })).rejects.toMatchObject({ name: 'ResponseError', status_code: 500 })
      await expect(readAll(() => move({ model: nowhere, insecure: true, stream: true }))).rejects.toThrow(/127\.0\.0\.1/)
    }
    await ollama.delete({ model: nowhere })
    await expect(ollama.push({ model: 'absent/model' })).rejects.toMatchObject({
      name: 'ResponseError',
      message: expect.stringMatching(/absent/),
    })
  })
})

describe('embeddings', () => {
  it('of one text and of several, whole and cut', async () => {
    const several = await ollama.embed({ model: 'embedder', input: ['llama', 'alpaca'] })
    expect(several).toMatchObject({ model: 'embedder', total_duration: expect.any(Number), prompt_eval_count: expect.any(Number) })
    expect(several.embeddings.map(({ length }) => length)).toEqual([64, 64])
    for (const vector of several.embeddings) expect(Math.hypot(...vector)).toBeCloseTo(1, 5)
    const one = await ollama.embed({ model: 'embedder', input: 'llama', dimensions: 8, truncate: true })
    expect(one.embeddings.map(({ length }) => length)).toEqual([8])
    const old = await ollama.embeddings({ model: 'embedder', prompt: 'llama' })
    expect(old.embedding).toHaveLength(64)
    expect(cosine(old.embedding, several.embeddings[0] ?? [])).toBeCloseTo(1, 4)
  })

  it('of a model that only writes are refused', async () => {
    const refusal = { name: 'ResponseError', message: expect.stringMatching(/does not support embeddings/) }
    await expect(ollama.embed({ model: 'smol', input: 'x' })).rejects.toMatchObject({ ...refusal, status_code: 501 })
    await expect(ollama.embeddings({ model: 'smol', prompt: 'x' })).rejects.toMatchObject({ ...refusal, status_code: 500 })
  })
})

describe('the server', () => {
  it('tells its version and what is loaded', async () => {
    expect((await ollama.version()).version).toMatch(/^\d+\.\d+\.\d+$/)
    await ollama.generate({ model: 'smol', prompt: '' })
    const smol = (await ollama.ps()).models.find(({ name }) => name === 'smol:latest')
    expect(smol).toMatchObject({ model: 'smol:latest', digest: expect.stringMatching(/^[0-9a-f]{64}$/), size_vram: expect.any(Number) })
    expect(smol?.size).toBeGreaterThan(50e6)
    expect(new Date(smol?.expires_at ?? 0).getTime()).toBeGreaterThan(Date.now())
  })

  it('refuses what belongs to the cloud, in words', async () => {
    // The client asks ollama.com; Ollama's own agents ask the server, which would ask it for them.
    const asked: string[] = []
    const proxied = new Ollama({
      host: server.url,
      fetch: (url, init) => {
        asked.push(String(url))
        return fetch(String(url).replace('https://ollama.com/api/', `${server.url}/api/experimental/`), init)
      },
    })
    await expect(proxied.webSearch({ query: 'llamas' })).rejects.toMatchObject({
      status_code: 403,
      message: 'ollama cloud is disabled: web search is unavailable',
    })
    await expect(proxied.webFetch({ url: 'https://example.com' })).rejects.toMatchObject({
      status_code: 403,
      message: 'ollama cloud is disabled: web fetch is unavailable',
    })
    expect(asked).toEqual(['https://ollama.com/api/web_search', 'https://ollama.com/api/web_fetch'])
  })

  it('says that it has no System One, which the Ollama that it replaces has neither', async () => {
    const question = { type: 'noul', instructions: 'Is it true?' } as const
    await expect(ollama.systemone({ model: 'smol', state: 'x', questions: { q: question } })).rejects.toMatchObject({
      name: 'ResponseError',
      status_code: 404,
    })
  })
})

async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const parts: T[] = []
  for await (const part of stream) parts.push(part)
  return parts
}

/** A stream that fails before or while it is read. */
async function readAll(start: () => Promise<ProgressResponse | AsyncIterable<ProgressResponse>>): Promise<unknown> {
  const stream = await start()
  return Symbol.asyncIterator in stream ? collect(stream) : stream
}

function matching(message: string | RegExp): unknown {
  return typeof message === 'string' ? message : expect.stringMatching(message)
}

function cosine(a: readonly number[], b: readonly number[]): number {
  const dot = a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0)
  return dot / (Math.hypot(...a) * Math.hypot(...b))
}
