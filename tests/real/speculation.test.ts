// Guessing ahead changes no text: the same model, loaded with it and without, says the same - up to the first token that hardly leads, since
// tokens that are evaluated together differ in the last bits from tokens that are not.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Runner } from '../../src/runner/runner.ts'
import { collect, greedyRequest } from '../../src/runner/testing/conformance.ts'
import { HARDLY_LEADS, leadOf } from '../support/greedy.ts'
import { loadRunner, realSpec } from './runner-support.ts'

const PARAGRAPH =
  'Every morning the llama Amara walked along the river, greeted the farmers in the fields, and carried fresh bread to the school on the hill.'

let guessing: Runner
let plain: Runner
beforeAll(async () => {
  guessing = await loadRunner(realSpec({ contextTokens: 512 }), {})
  plain = await loadRunner(realSpec({ contextTokens: 512, speculate: false }), {})
})
afterAll(async () => {
  await guessing.close()
  await plain.close()
})

async function say(runner: Runner, prompt: string) {
  const request = greedyRequest({ prompt, maxTokens: 60, topLogprobs: 2 })
  const { text, chunks, end } = await collect(runner.complete(request))
  return { text, logprobs: chunks.flatMap((chunk) => (chunk.type === 'text' ? (chunk.logprobs ?? []) : [])), end }
}

describe('guessing ahead', () => {
  it.each([
    ['copies', `First copy:\n${PARAGRAPH}\n\nSecond copy:\n${PARAGRAPH}\n\nThird copy:\n`],
    ['rewrites', `Original:\n${PARAGRAPH}\n\nThe same text, where the llama is called Bruno:\n`],
    ['code', 'function add(a, b) {\n  return a + b\n}\n\nfunction subtract(a, b) {\n  return a - b\n}\n\nfunction multiply(a, b) {\n'],
    ['a list', 'Days: Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday.\nDays again: Monday, Tuesday,'],
    ['nothing', 'The most surprising fact about the deep sea is'],
  ])('says the same where a reply %s', async (_, prompt) => {
    const [left, right] = [await say(plain, prompt), await say(guessing, prompt)]
    expect(left.logprobs.length).toBeGreaterThan(5)
    for (const [index, token] of left.logprobs.entries()) {
      if (leadOf(token.top) < HARDLY_LEADS) return
      expect(right.logprobs[index]?.token).toBe(token.token)
    }
    expect(right.text).toBe(left.text)
    expect(right.end.evalTokens).toBe(left.end.evalTokens)
  })

  it('stops at the limit and at a stop string, wherever a guess would have gone', async () => {
    const prompt = `First copy:\n${PARAGRAPH}\n\nSecond copy:\n${PARAGRAPH}\n\nThird copy:\n`
    const limited = await collect(guessing.complete(greedyRequest({ prompt, maxTokens: 17 })))
    expect(limited.end).toMatchObject({ reason: 'length', evalTokens: 17 })
    const stopped = await collect(guessing.complete(greedyRequest({ prompt, maxTokens: 60, stop: ['farmers'] })))
    expect(stopped.end).toMatchObject({ reason: 'stop', stopSequence: 'farmers' })
    expect(stopped.text).not.toContain('farmers')
  })
})
