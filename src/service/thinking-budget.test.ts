import { describe, expect, it } from 'vitest'
import type { ChatRequest } from './service.ts'
import { collect, createStage, finishOf, THINKING_TEMPLATE, textOf } from './testing/stage.ts'

/** Thinks for ever unless the thinking is over; then answers. */
function setUp(thoughts: () => Iterable<string> = endless) {
  const stage = createStage({
    runner: () => ({ reply: ({ prompt }) => (String(prompt).includes('</think>') ? 'forty two' : thoughts()) }),
  })
  stage.add('m', { layers: { template: THINKING_TEMPLATE } })
  const chat = (request: Partial<ChatRequest>) =>
    collect(
      stage.services.chat(
        { model: 'm', messages: [{ role: 'user', content: 'q' }], think: true, ...request },
        new AbortController().signal,
      ),
    )
  return { ...stage, chat }
}

function* endless(): Generator<string> {
  yield '<think>'
  for (;;) yield ' hm'
}

describe('a thinking budget', () => {
  it('ends thinking that costs more, and lets the model answer from there', async () => {
    const { chat, requests } = setUp()
    const events = await chat({ thinkingBudgetTokens: 5, options: { num_predict: 20 } })
    expect(textOf(events, 'thinking-delta').trim()).toBe('hm hm hm hm')
    expect(textOf(events).trim()).toBe('forty two')
    const [first, second, ...more] = requests()
    expect(more).toEqual([])
    expect(second?.prompt).toBe(`${first?.prompt}<think> hm hm hm hm\n</think>\n\n`)
    expect([first?.maxTokens, second?.maxTokens]).toEqual([20, 15])
  })

  it('counts both runs as one', async () => {
    const { chat } = setUp()
    const { timings, thinkingTokens, reason } = finishOf(await chat({ thinkingBudgetTokens: 5 }))
    const alone = finishOf(await setUp(() => ['<think>', ' hm', '</think>', ' a']).chat({}))
    expect(reason).toBe('stop')
    expect(timings.evalTokens).toBeGreaterThan(5 + 2)
    expect(timings.promptTokens).toBe(alone.timings.promptTokens)
    expect(thinkingTokens).toBeGreaterThan(0)
  })

  it('obeys a format behind the thinking that it ended', async () => {
    const { chat, requests } = setUp()
    await chat({ thinkingBudgetTokens: 2, format: { type: 'json' } })
    const [first, second] = requests()
    expect(first?.grammar).toContain('<think>')
    expect(second?.grammar).toMatch(/root\s*::=/)
    expect(second?.grammar).not.toContain('<think>')
  })

  it('has no say where the model stops thinking in time, or does not think', async () => {
    const brief = setUp(() => ['<think>', ' hm', '</think>', ' a', ' long', ' answer'])
    expect(textOf(await brief.chat({ thinkingBudgetTokens: 4 })).trim()).toBe('a long answer')
    expect(brief.requests()).toHaveLength(1)
    const silent = setUp(() => ['one', ' two', ' three', ' four'])
    expect(textOf(await silent.chat({ thinkingBudgetTokens: 2 }))).toBe('one two three four')
    expect(silent.requests()).toHaveLength(1)
    const off = setUp(() => ['<think>', ' one', ' two', ' three'])
    await off.chat({ thinkingBudgetTokens: 1, think: false })
    expect(off.requests()).toHaveLength(1)
  })
})
