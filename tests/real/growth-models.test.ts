// A context that grows carries over what it holds, whatever the model's memory is made of: a cache under an adapter, a cache with a sliding
// window, one recurrent state. The reply is that of a context which was large from the start.

import { rmSync } from 'node:fs'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { writeTinyAdapter } from '../../src/gguf/testing/tiny-adapter.ts'
import { writeTinyMamba } from '../../src/gguf/testing/tiny-mamba.ts'
import { writeTinyModel } from '../../src/gguf/testing/tiny-model.ts'
import type { LoadSpec, Runner } from '../../src/runner/runner.ts'
import { collect, greedyRequest } from '../../src/runner/testing/conformance.ts'
import { findGemma } from '../support/gemma.ts'
import { loadRunner, makeFolder, tinySpec } from './runner-support.ts'

const folder = makeFolder()
afterAll(() => rmSync(folder, { recursive: true }))

interface Talk {
  first: string
  second: string
  maxTokens: number
}

/** Two turns over the same beginning, the second beyond a context of `spec`'s size. */
async function say(runner: Runner, { first, second, maxTokens }: Talk, contextLimitTokens: number) {
  const before = await collect(runner.complete(greedyRequest({ prompt: first, maxTokens: 1, contextLimitTokens })))
  const { text, end } = await collect(runner.complete(greedyRequest({ prompt: first + second, maxTokens, contextLimitTokens })))
  return { text, end, firstTokens: before.end.promptTokens, contextTokens: runner.facts.contextTokens }
}

async function sayIn(spec: LoadSpec, talk: Talk, contextLimitTokens: number) {
  const runner = await loadRunner(spec, { mayGrow: () => true })
  try {
    return await say(runner, talk, contextLimitTokens)
  } finally {
    await runner.close()
  }
}

const words = (count: number) => Array.from({ length: count }, (_, index) => ` llama ${index % 7}`).join('')
const TINY_TALK: Talk = { first: `Hello${words(20)}`, second: words(80), maxTokens: 40 }

describe('a context that has grown', () => {
  it('still has the adapter of its model', async () => {
    const [modelPath, adapterPath] = [path.join(folder, 'llama.gguf'), path.join(folder, 'adapter.gguf')]
    await writeTinyModel(modelPath)
    await writeTinyAdapter(adapterPath)
    const adapted = tinySpec(modelPath, { adapterPaths: [adapterPath], contextTokens: 128 })
    const grown = await sayIn(adapted, TINY_TALK, 512)
    expect(grown.contextTokens).toBeGreaterThan(128)
    expect(grown.end).toMatchObject({ droppedTokens: 0, evalTokens: 40 })
    expect(grown.end.cachedTokens).toBeGreaterThanOrEqual(grown.firstTokens - 1)
    expect(grown.text).toBe((await sayIn({ ...adapted, contextTokens: 512 }, TINY_TALK, 512)).text)
    expect(grown.text).not.toBe((await sayIn({ ...adapted, contextTokens: 512, adapterPaths: [] }, TINY_TALK, 512)).text)
  })

  it('has the state of a recurrent model', async () => {
    const modelPath = path.join(folder, 'mamba.gguf')
    await writeTinyMamba(modelPath)
    const small = tinySpec(modelPath, { contextTokens: 128 })
    const grown = await sayIn(small, TINY_TALK, 512)
    expect(grown.contextTokens).toBeGreaterThan(128)
    const large = await sayIn({ ...small, contextTokens: 512 }, TINY_TALK, 512)
    expect(large.contextTokens).toBe(512)
    expect(grown.text).toBe(large.text)
    expect(grown.end).toMatchObject({ droppedTokens: 0, evalTokens: large.end.evalTokens, cachedTokens: large.end.cachedTokens })
  })

  it('grows in the middle of the reply of a recurrent model', async () => {
    const modelPath = path.join(folder, 'mamba.gguf')
    await writeTinyMamba(modelPath)
    const small = tinySpec(modelPath, { contextTokens: 128 })
    const talk: Talk = { first: 'Hello', second: words(20), maxTokens: 200 }
    const grown = await sayIn(small, talk, 512)
    expect(grown.contextTokens).toBeGreaterThan(128)
    expect(grown.text).toBe((await sayIn({ ...small, contextTokens: 512 }, talk, 512)).text)
  })
})

const gemma = await findGemma()
describe.skipIf('missing' in gemma)('a context with a sliding window that has grown', () => {
  it('has what stood in the window', async () => {
    const counting = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, index) => `The sheep with the number ${from + index} jumps over the fence.\n`).join('')
    // The window of Gemma 3 270M is 512 tokens: the first turn is longer already, so that the window has forgotten.
    const talk: Talk = { first: counting(1000, 1060), second: counting(1060, 1100), maxTokens: 12 }
    const small = tinySpec('file' in gemma ? gemma.file : '', { contextTokens: 1024, parallel: 1 })
    const grown = await sayIn(small, talk, 4096)
    expect(grown.firstTokens).toBeGreaterThan(600)
    expect(grown.contextTokens).toBeGreaterThan(1024)
    expect(grown.end.droppedTokens).toBe(0)
    expect(grown.end.cachedTokens).toBeGreaterThanOrEqual(grown.firstTokens - 1)
    // Which sheep comes next the small model does not know for sure, and the order of sums decides; that one comes it knows.
    expect(grown.text).toMatch(/^The sheep with the number 1\d\d\d jumps over/)
  })
})
