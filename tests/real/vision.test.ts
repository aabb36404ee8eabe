// Images in the runner over the real engine: a projector that names colours, over the small real model, which then says the name, whatever else
// the runner does and whatever its caches hold.

import { rmSync } from 'node:fs'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { CompletionRequest, LoadSpec, Runner } from '../../src/runner/runner.ts'
import { collect, greedyRequest } from '../../src/runner/testing/conformance.ts'
import { BLUE, COLOUR_ROWS, type Colour, colourPng, GREEN, RED, writeColourProjector } from '../support/projector.ts'
import { TEST_MODEL_SHA256 } from '../support/test-model.ts'
import { loadRunner, makeFolder, realSpec } from './runner-support.ts'

const COLOURS: [string, Colour][] = [
  ['red', RED],
  ['green', GREEN],
  ['blue', BLUE],
]

const folder = makeFolder()
const projectorPath = path.join(folder, 'colours.gguf')
let runner: Runner | undefined

beforeAll(() => writeColourProjector(realSpec().modelPath, projectorPath))
afterEach(async () => {
  await runner?.close()
  runner = undefined
})
afterAll(() => rmSync(folder, { recursive: true }))

async function load(spec: Partial<LoadSpec> = {}): Promise<Runner> {
  runner = await loadRunner(realSpec({ projectorPath, contextTokens: 4096, parallel: 4, ...spec }), {})
  return runner
}

const turn = (text: string) => `<|im_start|>user\n${text}<|im_end|>\n<|im_start|>assistant\n`
const look = (what: string) => turn(`The color is ${what}. Which color?`)
/** A small model does what was done before it. */
const EXAMPLES = ['yellow', 'pink'].map((name) => `${look(name)}${name}<|im_end|>\n`).join('')
const QUESTION = EXAMPLES + look('[img-0]')

function ask(one: Runner, colours: readonly Colour[], request: Partial<CompletionRequest> = {}) {
  return collect(
    one.complete(greedyRequest({ prompt: QUESTION, images: colours.map((colour) => colourPng(colour)), maxTokens: 6, ...request })),
  )
}

describe('an image in the prompt', () => {
  it('is seen', async () => {
    const one = await load()
    for (const [name, colour] of COLOURS) expect((await ask(one, [colour])).text).toContain(name)
  })

  it('counts as the tokens that it takes', async () => {
    const one = await load()
    const options = { addSpecial: true, parseSpecial: true }
    const words = (await one.tokenize(QUESTION.replace('[img-0]', ''), options)).length
    const counted = await one.tokenize(QUESTION, { ...options, images: [colourPng(RED)] })
    const { end } = await ask(one, [RED])
    expect(end.promptTokens).toBe(counted.length)
    expect(counted.filter((id) => id < 0)).toHaveLength(COLOUR_ROWS)
    expect(end.promptTokens).toBeGreaterThanOrEqual(words + COLOUR_ROWS)
  })

  it('is the same in the cache, and another image is another', async () => {
    const one = await load({ parallel: 1 })
    const first = await ask(one, [GREEN])
    const again = await ask(one, [GREEN])
    expect(again.end.cachedTokens).toBe(again.end.promptTokens - 1)
    expect(again.text).toBe(first.text)
    const other = await ask(one, [BLUE])
    expect(other.end.cachedTokens).toBeLessThan(other.end.promptTokens - COLOUR_ROWS)
    expect(other.text).toContain('blue')
  })

  it('is one of several', async () => {
    const one = await load()
    const prompt = `${EXAMPLES}${look('[img-0]')}green<|im_end|>\n${look('[img-1]')}`
    for (const [name, colour] of COLOURS) expect((await ask(one, [GREEN, colour], { prompt })).text).toContain(name)
  })

  it('is seen beside others that write, who write what they write alone', async () => {
    const one = await load()
    const stories = ['Once upon a time', 'The llama on the hill', '1, 2, 3, 4, 5,'].map((prompt) =>
      greedyRequest({ prompt, maxTokens: 40 }),
    )
    const alone: string[] = []
    for (const story of stories) alone.push((await collect(one.complete(story))).text)
    const beside = Promise.all(stories.map((story) => collect(one.complete(story))))
    const seen: string[] = []
    for (const [, colour] of COLOURS) seen.push((await ask(one, [colour])).text)
    const together = await beside
    for (const [index, [name]] of COLOURS.entries()) expect(seen[index]).toContain(name)
    // The last digits of logits depend on the batch: the beginning is what must agree.
    for (const [index, { text }] of together.entries()) expect(text.slice(0, 20)).toBe((alone[index] as string).slice(0, 20))
  })

  it('ends its request alone when it is none', async () => {
    const one = await load()
    const failing = collect(one.complete(greedyRequest({ prompt: QUESTION, images: [Buffer.from('no image at all')] })))
    await expect(failing).rejects.toMatchObject({ code: 'invalid_request' })
    expect((await ask(one, [RED])).text).toContain('red')
  })

  it('is left alone when its request leaves', async () => {
    const one = await load({ parallel: 1 })
    const controller = new AbortController()
    const leaving = collect(one.complete(greedyRequest({ prompt: QUESTION, images: [colourPng(RED)] }), controller.signal))
    controller.abort()
    await expect(leaving).rejects.toMatchObject({ code: 'cancelled' })
    expect((await ask(one, [GREEN])).text).toContain('green')
  })

  it('is found again in what was kept when the model was unloaded', async () => {
    const prefixCache = {
      folder: path.join(folder, 'kept'),
      limitBytes: 1e9,
      freeShare: 0.5,
      modelHex: TEST_MODEL_SHA256,
      adapterHexes: [],
    }
    const lines = Array.from({ length: 100 }, (_, index) => `The sheep with the number ${index + 1000} jumps over the fence.\n`).join('')
    const prompt = turn(lines) + QUESTION
    const before = await ask(await load({ prefixCache, parallel: 1 }), [RED], { prompt })
    await runner?.close()
    const one = await load({ prefixCache, parallel: 1 })
    const after = await ask(one, [RED], { prompt })
    expect(after.end.cachedTokens).toBe(after.end.promptTokens - 1)
    expect(after.text).toBe(before.text)
    const other = await ask(one, [BLUE], { prompt })
    expect(other.end.cachedTokens).toBeGreaterThan(1000)
    expect(other.end.cachedTokens).toBeLessThan(other.end.promptTokens - COLOUR_ROWS)
  })
})
