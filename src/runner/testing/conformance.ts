// What every Runner does, whoever serves it: run over the fake in the unit tests and over the real child process in tests/real. A case
// states behaviour at the seam and nothing about how it comes about.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { CompletionChunk, CompletionRequest, ContextSize, LoadRunner, LoadRunnerOptions, LoadSpec, Runner } from '../runner.ts'

export interface ConformanceSubject {
  load: LoadRunner
  spec: LoadSpec
  /** Ends the runner's process from outside, without a warning. */
  kill: (runner: Runner) => void
}

/** A request for greedy text that ends only at `maxTokens`. */
export function greedyRequest(request: Partial<CompletionRequest> = {}): CompletionRequest {
  return {
    prompt: 'Once upon a time there was a llama that lived on a hill and',
    sampling: {
      seed: 1,
      temperature: 0,
      topK: 40,
      topP: 0.9,
      minP: 0,
      typicalP: 1,
      repeatLastN: 64,
      repeatPenalty: 1,
      presencePenalty: 0,
      frequencyPenalty: 0,
    },
    maxTokens: 16,
    stop: [],
    keepTokens: 4,
    contextShift: false,
    truncatePrompt: true,
    ...request,
  }
}

export interface Reply {
  text: string
  chunks: CompletionChunk[]
  end: Extract<CompletionChunk, { type: 'end' }>
}

export async function collect(chunks: AsyncIterable<CompletionChunk>): Promise<Reply> {
  const all: CompletionChunk[] = []
  for await (const chunk of chunks) all.push(chunk)
  const end = all.at(-1)
  if (end?.type !== 'end') throw new Error('the reply has no end')
  return { chunks: all, end, text: all.map((chunk) => (chunk.type === 'text' ? chunk.text : '')).join('') }
}

/** Declares the suite. Contexts of 128 tokens, two slots. */
export function describeRunner(name: string, subject: () => ConformanceSubject): void {
  describe(name, () => {
    let runner: Runner
    const load = (spec: Partial<LoadSpec> = {}, options: LoadRunnerOptions = {}) =>
      subject().load({ ...subject().spec, contextTokens: 128, parallel: 2, ...spec }, options)

    beforeAll(async () => {
      runner = await load()
    })
    afterAll(() => runner.close())

    describeReplies(() => runner)
    describeLimits(() => runner)
    describeLeaving(() => runner)
    describeGrowth(load)
    describeTokens(() => runner)
    describeDeath(load, (dying) => subject().kill(dying))
    describeEmbedding(load)
  })
}

function describeReplies(runner: () => Runner): void {
  describe('a reply', () => {
    it('streams text and ends once, last, with the counts', async () => {
      const request = greedyRequest()
      const { text, end, chunks } = await collect(runner().complete(request))
      const promptTokens = (await runner().tokenize(request.prompt as string, { addSpecial: true, parseSpecial: true })).length
      expect(text.length).toBeGreaterThan(0)
      expect(chunks.filter((chunk) => chunk.type === 'end')).toHaveLength(1)
      expect(end).toMatchObject({ reason: 'length', promptTokens, evalTokens: 16, droppedTokens: 0 })
      expect(end.promptEvalNs).toBeGreaterThan(0)
      expect(end.evalNs).toBeGreaterThan(0)
    })

    it('is the same text again, with its prompt from the cache', async () => {
      const request = greedyRequest({ prompt: 'The mountains of Peru are high and the llamas there are' })
      const first = await collect(runner().complete(request))
      const second = await collect(runner().complete(request))
      expect(second.text).toBe(first.text)
      expect(second.end.promptTokens).toBe(first.end.promptTokens)
      expect(second.end.cachedTokens).toBe(second.end.promptTokens - 1)
    })

    it('takes token ids as it takes the text they stand for', async () => {
      const { prompt } = greedyRequest()
      const tokens = await runner().tokenize(prompt as string, { addSpecial: true, parseSpecial: true })
      const [fromText, fromTokens] = [
        await collect(runner().complete(greedyRequest())),
        await collect(runner().complete(greedyRequest({ prompt: tokens }))),
      ]
      expect(fromTokens.text).toBe(fromText.text)
    })

    it('ends before the first stop string and names it', async () => {
      const whole = await collect(runner().complete(greedyRequest()))
      const stop = whole.text.slice(9, 13)
      const cut = await collect(runner().complete(greedyRequest({ stop: ['never in this text', stop] })))
      expect(cut.text).toBe(whole.text.slice(0, whole.text.indexOf(stop)))
      expect(cut.end).toMatchObject({ reason: 'stop', stopSequence: stop })
      expect(cut.end.evalTokens).toBeLessThan(whole.end.evalTokens)
    })

    it('carries one log-probability for each token when asked', async () => {
      const { chunks, text } = await collect(runner().complete(greedyRequest({ topLogprobs: 2, maxTokens: 5 })))
      const logprobs = chunks.flatMap((chunk) => (chunk.type === 'text' ? (chunk.logprobs ?? []) : []))
      expect(logprobs).toHaveLength(5)
      expect(logprobs.map((entry) => entry.token).join('')).toBe(text)
      for (const entry of logprobs) {
        expect(entry.logprob).toBeLessThanOrEqual(0)
        expect(entry.bytes).toEqual([...Buffer.from(entry.token)])
        expect(entry.top?.map((top) => top.token)).toContain(entry.token)
        expect(entry.top).toHaveLength(2)
      }
    })

    it('tells the log-probabilities of the prompt when asked, whether or not it has seen the prompt before', async () => {
      const prompt = 'one two three'
      const tokens = await runner().tokenize(prompt, { addSpecial: false, parseSpecial: false })
      const ask = () => collect(runner().complete(greedyRequest({ prompt: tokens, promptLogprobs: 1, maxTokens: 1 })))
      const [first, again] = [await ask(), await ask()]
      for (const { chunks } of [first, again]) {
        const told = chunks.flatMap((chunk) => (chunk.type === 'prompt' ? chunk.tokens : []))
        expect(told.map(({ token }) => token).join('')).toBe(prompt)
        expect(told).toHaveLength(tokens.length)
        expect(told[0]?.logprob).toBeNull()
        for (const { logprob, top } of told.slice(1)) {
          expect(logprob).toBeLessThanOrEqual(0)
          expect(top).toHaveLength(1)
        }
      }
    })

    it('carries none when not asked', async () => {
      const { chunks } = await collect(runner().complete(greedyRequest()))
      expect(chunks.some((chunk) => chunk.type === 'text' && chunk.logprobs !== undefined)).toBe(false)
    })
  })
}

function describeLimits(runner: () => Runner): void {
  describe('limits', () => {
    it('makes no token when none is wanted', async () => {
      const { text, end } = await collect(runner().complete(greedyRequest({ maxTokens: 0 })))
      expect(text).toBe('')
      expect(end).toMatchObject({ reason: 'length', evalTokens: 0 })
    })

    it('ends with `length` at the end of the context', async () => {
      const { end } = await collect(runner().complete(greedyRequest({ maxTokens: -1 })))
      expect(end.reason).not.toBe('repetition')
      if (end.reason === 'length') expect(end.promptTokens + end.evalTokens).toBe(128)
    })

    it('goes on beyond the context where it may shift', async () => {
      const request = greedyRequest({ maxTokens: 150, contextShift: true })
      const { end } = await collect(runner().complete(request))
      if (end.reason === 'length') expect(end.evalTokens).toBe(150)
      else expect(end.evalTokens).toBeGreaterThan(0)
    })

    it('refuses a prompt as long as the context when it may not be cut', async () => {
      const prompt = Array.from({ length: 128 }, () => 65)
      const failing = collect(runner().complete(greedyRequest({ prompt, truncatePrompt: false })))
      await expect(failing).rejects.toMatchObject({ code: 'context_exceeded' })
    })

    it('cuts the middle of a long prompt when it may', async () => {
      const prompt = Array.from({ length: 150 }, () => 65)
      const chunks: CompletionChunk[] = []
      for await (const chunk of runner().complete(greedyRequest({ prompt, maxTokens: 1, keepTokens: -1 }))) chunks.push(chunk)
      expect(chunks[0]).toEqual({ type: 'cut', droppedTokens: 23 })
      expect(chunks.at(-1)).toMatchObject({ promptTokens: 127, droppedTokens: 23 })
    })

    it('refuses a grammar that is none', async () => {
      const failing = collect(runner().complete(greedyRequest({ grammar: 'this is no grammar' })))
      await expect(failing).rejects.toMatchObject({ code: 'invalid_format' })
    })

    it('refuses to embed when it is not loaded for that', async () => {
      await expect(runner().embed([[65]])).rejects.toMatchObject({ code: 'unsupported_capability' })
    })

    it('refuses images', async () => {
      const failing = collect(runner().complete(greedyRequest({ images: [Uint8Array.of(1)] })))
      await expect(failing).rejects.toMatchObject({ code: 'unsupported_capability' })
    })
  })
}

function describeLeaving(runner: () => Runner): void {
  describe('many at once', () => {
    it('serves more requests than it has slots', async () => {
      const lengths = [3, 9, 1, 6, 4]
      const replies = await Promise.all(
        lengths.map((maxTokens, index) => collect(runner().complete(greedyRequest({ prompt: `Number ${index}: the llama`, maxTokens })))),
      )
      expect(replies.map((reply) => reply.end.evalTokens)).toEqual(lengths)
    })

    it('frees the slots of those who leave', async () => {
      for (let round = 0; round < 3; round++) {
        for await (const chunk of runner().complete(greedyRequest({ maxTokens: -1 }))) if (chunk.type === 'text') break
      }
      const { end } = await collect(runner().complete(greedyRequest({ maxTokens: 2 })))
      expect(end.evalTokens).toBe(2)
    })

    it('throws `cancelled` when the signal aborts in the middle', async () => {
      const controller = new AbortController()
      const reading = (async () => {
        for await (const chunk of runner().complete(greedyRequest({ maxTokens: -1 }), controller.signal)) {
          if (chunk.type === 'text') controller.abort()
        }
      })()
      await expect(reading).rejects.toMatchObject({ code: 'cancelled' })
    })

    it('throws `cancelled` when the signal aborts while waiting for a slot', async () => {
      const controller = new AbortController()
      const busy = [0, 1].map(() =>
        runner()
          .complete(greedyRequest({ maxTokens: -1 }))
          [Symbol.asyncIterator](),
      )
      for (const reader of busy) await reader.next()
      const waiting = collect(runner().complete(greedyRequest(), controller.signal))
      controller.abort()
      await expect(waiting).rejects.toMatchObject({ code: 'cancelled' })
      for (const reader of busy) await reader.return?.()
    })

    it('throws `cancelled` at once for a signal that has aborted', async () => {
      await expect(collect(runner().complete(greedyRequest(), AbortSignal.abort()))).rejects.toMatchObject({ code: 'cancelled' })
    })
  })
}

function describeGrowth(load: (spec: Partial<LoadSpec>, options: LoadRunnerOptions) => Promise<Runner>): void {
  describe('a context', () => {
    const asked: number[] = []
    let largest = 0
    let runner: Runner
    const long = greedyRequest({ prompt: Array.from({ length: 150 }, (_, index) => 65 + (index % 20)), maxTokens: 4 })

    beforeEach(async () => {
      asked.length = 0
      largest = 512
      const mayGrow = ({ contextTokens }: ContextSize) => asked.push(contextTokens) > 0 && contextTokens <= largest
      runner = await load({}, { mayGrow })
    })
    afterEach(() => runner.close())

    it('grows for a prompt that does not fit, and keeps what it holds', async () => {
      await collect(runner.complete(greedyRequest({ prompt: (long.prompt as number[]).slice(0, 100), maxTokens: 1 })))
      const { end } = await collect(runner.complete({ ...long, contextLimitTokens: 4096 }))
      expect(end).toMatchObject({ promptTokens: 150, cachedTokens: 100, droppedTokens: 0 })
      expect(asked).toEqual([256])
      expect(runner.facts.contextTokens).toBe(256)
    })

    it('grows under a reply, which is the text that a large context gives', async () => {
      const request = greedyRequest({ maxTokens: 200 })
      const { text, end } = await collect(runner.complete({ ...request, contextLimitTokens: 512 }))
      const large = await load({ parallel: 1, contextTokens: 512 }, {})
      const whole = await collect(large.complete(request))
      await large.close()
      expect(text).toBe(whole.text)
      expect(end.evalTokens).toBe(whole.end.evalTokens)
    })

    it('grows between two tokens of another reply, which goes on as if nothing had happened', async () => {
      const counting = greedyRequest({ prompt: '1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,', maxTokens: 60 })
      const alone = await collect(runner.complete(counting))
      const chunks = runner.complete(counting)
      const { value: first } = await chunks[Symbol.asyncIterator]().next()
      const other = collect(runner.complete({ ...long, contextLimitTokens: 512 }))
      const rest = await collect(chunks)
      expect((await other).end.droppedTokens).toBe(0)
      expect(runner.facts.contextTokens).toBe(256)
      expect((first?.type === 'text' ? first.text : '') + rest.text).toBe(alone.text)
    })

    it('stays as it is where there is no memory, and the prompt is cut', async () => {
      largest = 128
      const { end } = await collect(runner.complete({ ...long, contextLimitTokens: 4096 }))
      expect(end.droppedTokens).toBeGreaterThan(0)
      expect(end.promptTokens + end.droppedTokens).toBe(150)
      expect(runner.facts.contextTokens).toBe(128)
    })

    it.each([
      ['more memory for requests that need it together', true],
      ['none', false],
    ])('of which there is one, shared, gives both their whole texts where there is %s', async (_, granted) => {
      const shared = await load({ startContexts: 1 }, { mayGrow: () => granted })
      const requests = [greedyRequest({ maxTokens: 90 }), greedyRequest({ prompt: '1, 2, 3, 4, 5, 6, 7, 8, 9,', maxTokens: 90 })]
      const alone: string[] = []
      for (const request of requests) alone.push((await collect(shared.complete(request))).text)
      const together = await Promise.all(requests.map((request) => collect(shared.complete(request))))
      await shared.close()
      expect(together.map(({ text }) => text)).toEqual(alone)
    })

    it('does not grow for a request that may not have more', async () => {
      expect((await collect(runner.complete(long))).end.droppedTokens).toBeGreaterThan(0)
      expect((await collect(runner.complete({ ...long, contextLimitTokens: 128 }))).end.droppedTokens).toBeGreaterThan(0)
      expect(asked).toEqual([])
    })

    it('that has grown gives a request no more than it may have', async () => {
      await collect(runner.complete({ ...long, contextLimitTokens: 512 }))
      expect(runner.facts.contextTokens).toBe(256)
      expect((await collect(runner.complete({ ...long, contextLimitTokens: 128 }))).end.promptTokens).toBeLessThan(128)
    })

    it('refuses a prompt beyond the limit when it may not be cut', async () => {
      const failing = collect(runner.complete({ ...long, contextLimitTokens: 140, truncatePrompt: false }))
      await expect(failing).rejects.toMatchObject({ code: 'context_exceeded' })
    })
  })
}

function describeTokens(runner: () => Runner): void {
  describe('tokens', () => {
    it.each(['hello world', 'Grüße, 世界 😀', ' leading space', ''])('come back as the text %j', async (text) => {
      const tokens = await runner().tokenize(text, { addSpecial: false, parseSpecial: false })
      expect(await runner().detokenize(tokens)).toBe(text)
    })

    it('are one for a special token only where special tokens are parsed', async () => {
      const parsed = await runner().tokenize('<|im_start|>', { addSpecial: false, parseSpecial: true })
      const plain = await runner().tokenize('<|im_start|>', { addSpecial: false, parseSpecial: false })
      expect(parsed).toHaveLength(1)
      expect(plain.length).toBeGreaterThan(1)
      expect(await runner().detokenize(parsed)).toBe('<|im_start|>')
    })
  })
}

function describeDeath(load: () => Promise<Runner>, kill: (runner: Runner) => void): void {
  describe('death', () => {
    it('fails the request under way with `runner_crashed` and tells that the process is gone', async () => {
      const runner = await load()
      const reading = (async () => {
        for await (const chunk of runner.complete(greedyRequest({ maxTokens: -1 }))) if (chunk.type === 'text') kill(runner)
      })()
      await expect(reading).rejects.toMatchObject({ code: 'runner_crashed' })
      expect(await runner.exited).toMatchObject({ code: null, signal: 'SIGKILL' })
    })

    it('fails what is asked of a dead runner', async () => {
      const runner = await load()
      kill(runner)
      await runner.exited
      await expect(collect(runner.complete(greedyRequest()))).rejects.toMatchObject({ code: 'runner_crashed' })
      await expect(runner.tokenize('a', { addSpecial: false, parseSpecial: false })).rejects.toMatchObject({ code: 'runner_crashed' })
      await expect(runner.detokenize([65])).rejects.toMatchObject({ code: 'runner_crashed' })
      await expect(runner.embed([[65]])).rejects.toMatchObject({ code: 'runner_crashed' })
    })

    it('closes, more than once, and fails what was under way', async () => {
      const runner = await load()
      const reader = runner.complete(greedyRequest({ maxTokens: -1 }))[Symbol.asyncIterator]()
      await reader.next()
      await Promise.all([runner.close(), runner.close()])
      await runner.exited
      const drained = (async () => {
        while (!(await reader.next()).done);
      })()
      await expect(drained).rejects.toMatchObject({ code: 'runner_crashed' })
      await runner.close()
    })
  })
}

function describeEmbedding(load: (spec: Partial<LoadSpec>) => Promise<Runner>): void {
  describe('embedding', () => {
    let runner: Runner
    beforeAll(async () => {
      runner = await load({ embedding: true })
    })
    afterAll(() => runner.close())

    const tokensOf = (text: string) => runner.tokenize(text, { addSpecial: true, parseSpecial: false })

    it('gives a vector for each input, in order, and counts the tokens', async () => {
      const inputs = await Promise.all(['alpha', 'beta gamma', 'a third text that is longer'].map(tokensOf))
      const { vectors, promptTokens } = await runner.embed(inputs)
      expect(vectors.map((vector) => vector.length)).toEqual([1, 2, 3].map(() => runner.facts.embeddingLength))
      expect(promptTokens).toBe(inputs.flat().length)
      for (const [index, input] of inputs.entries()) {
        const alone = (await runner.embed([input])).vectors[0] as Float32Array
        expect(cosine(alone, vectors[index] as Float32Array)).toBeGreaterThan(0.999)
      }
    })

    it('takes more inputs than it has slots', async () => {
      const inputs = await Promise.all(Array.from({ length: 20 }, (_, index) => tokensOf(`text number ${index}`)))
      expect((await runner.embed(inputs)).vectors).toHaveLength(20)
    })

    it('refuses an input without tokens, and to complete', async () => {
      await expect(runner.embed([[65], []])).rejects.toMatchObject({ code: 'invalid_request' })
      await expect(collect(runner.complete(greedyRequest()))).rejects.toMatchObject({ code: 'unsupported_capability' })
    })

    it('gives nothing for nothing', async () => {
      expect(await runner.embed([])).toEqual({ vectors: [], promptTokens: 0 })
    })

    it('refuses an input beyond the context', async () => {
      const input = Array.from({ length: 129 }, () => 65)
      await expect(runner.embed([input])).rejects.toMatchObject({ code: 'context_exceeded' })
    })
  })
}

function cosine(left: Float32Array, right: Float32Array): number {
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, index) => sum + value * (b[index] as number), 0)
  return dot(left, right) / Math.sqrt(dot(left, left) * dot(right, right))
}
