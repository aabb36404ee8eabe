// What only the engine can show: that every option has its effect, that formats hold, that slots do not disturb each other.

import { rmSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeTinyAdapter } from '../../src/gguf/testing/tiny-adapter.ts'
import { writeTinyBert } from '../../src/gguf/testing/tiny-bert.ts'
import { writeTinyModel } from '../../src/gguf/testing/tiny-model.ts'
import { MAX_GRAMMAR_LENGTH } from '../../src/runner/child/llama/sampler.ts'
import { MAX_TEXT_BYTES } from '../../src/runner/child/llama/vocabulary.ts'
import type { CompletionRequest, Runner, Sampling } from '../../src/runner/runner.ts'
import { collect, greedyRequest, type Reply } from '../../src/runner/testing/conformance.ts'
import { HARDLY_LEADS, leadOf } from '../support/greedy.ts'
import { loadRunner, makeFolder, realSpec, tinySpec } from './runner-support.ts'

const folder = makeFolder()
const file = (name: string) => path.join(folder, name)
let runner: Runner

beforeAll(async () => {
  runner = await loadRunner(realSpec({ parallel: 4 }), {})
})
afterAll(async () => {
  await runner.close()
  rmSync(folder, { recursive: true })
})

const say = async (sampling: Partial<Sampling>, request: Partial<CompletionRequest> = {}) =>
  (await collect(runner.complete(greedyRequest({ maxTokens: 12, ...request, sampling: { ...greedyRequest().sampling, ...sampling } }))))
    .text

describe('sampling', () => {
  it('at temperature 0 does not care for the seed', async () => {
    expect(await say({ seed: 1 })).toBe(await say({ seed: 2 }))
  })

  it('gives the same text for the same seed and another for another', async () => {
    const first = await say({ temperature: 1.2, seed: 7 })
    expect(await say({ temperature: 1.2, seed: 7 })).toBe(first)
    expect(await say({ temperature: 1.2, seed: 8 })).not.toBe(first)
  })

  it('is random with seed -1', async () => {
    const texts = await Promise.all([1, 2, 3].map(() => say({ temperature: 1.5, topK: 0, topP: 1, seed: -1 })))
    expect(new Set(texts).size).toBeGreaterThan(1)
  })

  it.each<[string, Partial<Sampling>]>([
    ['top_k 1', { topK: 1 }],
    ['top_p 0', { topP: 0 }],
    ['min_p 1', { minP: 1 }],
  ])('with %s leaves only the likeliest', async (_, sampling) => {
    expect(await say({ temperature: 2, seed: 3, ...sampling })).toBe(await say({}))
  })

  it.each<[string, Partial<Sampling>]>([
    ['top_k', { temperature: 2, topK: 2, topP: 1 }],
    ['top_p', { temperature: 2, topK: 0, topP: 0.5 }],
    ['min_p', { temperature: 2, topK: 0, topP: 1, minP: 0.2 }],
    ['typical_p', { temperature: 2, topK: 0, topP: 1, typicalP: 0.3 }],
    ['repeat_penalty', { temperature: 2, topK: 0, topP: 1, repeatPenalty: 3 }],
    ['presence_penalty', { temperature: 2, topK: 0, topP: 1, presencePenalty: 4 }],
    ['frequency_penalty', { temperature: 2, topK: 0, topP: 1, frequencyPenalty: 4 }],
  ])('is changed by %s', async (_, sampling) => {
    const request = { prompt: 'one two one two one two one two one', maxTokens: 24 }
    expect(await say({ seed: 5, ...sampling }, request)).not.toBe(await say({ seed: 5, temperature: 2, topK: 0, topP: 1 }, request))
  })

  it('penalizes the words of the prompt, within the window', async () => {
    const request = { prompt: '1 2 1 2 1 2 1 2 1', maxTokens: 4 }
    const plain = await say({}, request)
    expect(await say({ repeatPenalty: 5 }, request)).not.toBe(plain)
    expect(await say({ repeatPenalty: 5, repeatLastN: 0 }, request)).toBe(plain)
  })

  it('sees no further than the context and knows no more than the vocabulary, however large the numbers', async () => {
    const request = { prompt: '1 2 1 2 1 2 1 2 1', maxTokens: 4 }
    expect(await say({ repeatPenalty: 5, repeatLastN: 1e30 }, request)).toBe(await say({ repeatPenalty: 5, repeatLastN: -1 }, request))
    const open = { temperature: 2, topP: 1, seed: 5 }
    expect(await say({ ...open, topK: 1e30 })).toBe(await say({ ...open, topK: 1e6 }))
    expect(await say({ ...open, topK: -1e30 })).toBe(await say({ ...open, topK: 0 }))
  })

  it('is steered by a logit bias', async () => {
    const [token = 0] = await runner.tokenize(' moon', { addSpecial: false, parseSpecial: false })
    expect(await say({ logitBias: [[token, 100]] }, { maxTokens: 2 })).toBe(' moon moon')
  })

  it.each<[string, Partial<Sampling>]>([
    ['repeat_penalty 0', { repeatPenalty: 0 }],
    ['a penalty without an end', { frequencyPenalty: Number.POSITIVE_INFINITY }],
    ['a temperature that is no number', { temperature: Number.NaN }],
  ])('refuses %s and lives on', async (_, sampling) => {
    await expect(say(sampling)).rejects.toMatchObject({ code: 'invalid_option' })
    expect(await say({}, { maxTokens: 1 })).not.toBe('')
  })

  it('refuses a token that does not exist and lives on', async () => {
    await expect(say({}, { prompt: [1, 2, 10_000_000] })).rejects.toMatchObject({ code: 'invalid_request' })
    expect(await say({}, { maxTokens: 1 })).not.toBe('')
  })
})

describe('a grammar', () => {
  it.each([0, 1.5])('holds at temperature %f', async (temperature) => {
    expect(['yes', 'no']).toContain(await say({ temperature }, { grammar: 'root ::= "yes" | "no"' }))
  })

  it('lets the reply end only where it may', async () => {
    const { text, end } = await collect(runner.complete(greedyRequest({ maxTokens: 200, grammar: 'root ::= "{" [a-z]+ "}" [0-9] [0-9]' })))
    if (end.reason === 'stop') expect(text).toMatch(/^\{[a-z]+\}[0-9][0-9]$/)
    else expect(text).toMatch(/^\{[a-z]+/)
  })

  it('waits for its mark', async () => {
    const plain = await say({})
    const mark = plain.split(' ').slice(0, 3).join(' ')
    const text = await say({}, { grammar: 'root ::= "!" [0-9]+', grammarAfter: mark, maxTokens: 10 })
    expect(text.startsWith(`${mark}!`)).toBe(true)
    expect(text.slice(mark.length)).toMatch(/^![0-9]+$/)
  })

  it.each([
    ['no rule', 'root ::= missing'],
    ['no root', 'a ::= "x"'],
    ['a left recursion', 'root ::= root "x"'],
    ['nothing', ' '],
  ])('with %s is refused', async (_, grammar) => {
    await expect(say({}, { grammar })).rejects.toMatchObject({ code: 'invalid_format' })
  })
})

describe('limits', () => {
  it('stop a grammar and a text that nobody wrote', async () => {
    const grammar = (length: number) => `root ::= "x" #${'-'.repeat(length - 14)}`
    expect(await say({}, { grammar: grammar(MAX_GRAMMAR_LENGTH) })).toBe('x')
    await expect(say({}, { grammar: grammar(MAX_GRAMMAR_LENGTH + 1) })).rejects.toMatchObject({ code: 'invalid_format' })
    const tokenizing = runner.tokenize('x'.repeat(MAX_TEXT_BYTES + 1), { addSpecial: false, parseSpecial: false })
    await expect(tokenizing).rejects.toMatchObject({ code: 'payload_too_large' })
  })
})

describe('slots', () => {
  // Each counts elsewhere, and hardly any next token is in doubt.
  const counted = (from: number) => Array.from({ length: 9 }, (_, index) => `${from + index},`).join(' ')
  const prompts = Array.from(
    { length: 8 },
    (_, index) => `${'Llamas are animals of the Andes. '.repeat(index)}Count: ${counted(index * 20 + 1)}`,
  )

  it('give each of many replies the text that it has alone', async () => {
    const request = (index: number) => greedyRequest({ prompt: prompts[index] as string, maxTokens: 6 + index * 4, topLogprobs: 2 })
    const together = await Promise.all(prompts.map((_, index) => collect(runner.complete(request(index)))))
    const alone: Reply[] = []
    for (const index of prompts.keys()) alone.push(await collect(runner.complete(request(index))))
    const clearLengths = alone.map(clearLength)
    for (const [index, reply] of together.entries()) {
      const [expected, clear] = [alone[index] as Reply, clearLengths[index]]
      expect(reply.text.slice(0, clear)).toBe(expected.text.slice(0, clear))
      if (clear === expected.text.length) expect(reply.end).toMatchObject({ reason: 'length', evalTokens: expected.end.evalTokens })
    }
    expect(alone.filter(({ text }, index) => text.length === clearLengths[index]).length).toBeGreaterThanOrEqual(6)
  })

  it('share a long prefix of a reply that is under way', async () => {
    const prefix = 'The history of the llama in the mountains of Peru and Bolivia begins thousands of years ago. '.repeat(4)
    const first = runner.complete(greedyRequest({ prompt: `${prefix}First`, maxTokens: 60 }))[Symbol.asyncIterator]()
    await first.next()
    const request = greedyRequest({ prompt: `${prefix}Count: ${counted(21)}`, maxTokens: 8, topLogprobs: 2 })
    const second = await collect(runner.complete(request))
    await first.return?.()
    expect(second.end.cachedTokens).toBeGreaterThan(50)
    const again = await collect(runner.complete(request))
    expect(clearLength(again)).toBe(again.text.length)
    expect(second.text).toBe(again.text)
  })
})

describe('other models', () => {
  it('embed without a cache and without a causal mask', async () => {
    await writeTinyBert(file('bert.gguf'))
    const bert = await loadRunner(tinySpec(file('bert.gguf'), { embedding: true }), {})
    expect(bert.facts).toMatchObject({ pooling: 'mean', embeddingLength: 32, addsBos: true })
    const inputs = await Promise.all(
      ['hello world', 'a llama', 'hello world'].map((text) => bert.tokenize(text, { addSpecial: true, parseSpecial: false })),
    )
    const { vectors } = await bert.embed(inputs)
    expect(vectors[0]).toEqual(vectors[2])
    expect(vectors[0]).not.toEqual(vectors[1])
    await bert.close()
  })

  it('speak otherwise with an adapter', async () => {
    await writeTinyModel(file('plain.gguf'))
    await writeTinyAdapter(file('adapter.gguf'))
    const texts: string[] = []
    for (const adapterPaths of [[], [file('adapter.gguf')]]) {
      const tiny = await loadRunner(tinySpec(file('plain.gguf'), { adapterPaths }), {})
      texts.push((await collect(tiny.complete(greedyRequest({ maxTokens: 8 })))).text)
      await tiny.close()
    }
    expect(texts[1]).not.toBe(texts[0])
  })

  it('are not loaded with an adapter that is none', async () => {
    await writeTinyModel(file('plain.gguf'))
    const failing = loadRunner(tinySpec(file('plain.gguf'), { adapterPaths: [file('plain.gguf')] }), {})
    await expect(failing).rejects.toMatchObject({ code: 'load_failed' })
  })

  it('keep their cache in eight bits', async () => {
    const small = await loadRunner(realSpec({ kvCacheType: 'q8_0', flashAttention: 'on', threads: 1 }), {})
    expect(small.facts.sizeBytes).toBeLessThan(runner.facts.sizeBytes)
    expect((await collect(small.complete(greedyRequest()))).end.evalTokens).toBe(16)
    await small.close()
  })
})

/** Characters of a greedy reply up to the first token whose lead over the next is too small to be sure of. */
function clearLength(reply: Reply): number {
  let length = 0
  for (const chunk of reply.chunks) {
    for (const entry of chunk.type === 'text' ? (chunk.logprobs ?? []) : []) {
      if (leadOf(entry.top) < HARDLY_LEADS) return length
      length += entry.token.length
    }
  }
  return length
}
