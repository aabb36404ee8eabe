import { describe, expect, it } from 'vitest'
import type { ToParent } from '../protocol.ts'
import { greedyRequest } from '../testing/conformance.ts'
import { fixedGovernor } from '../testing/fixed-governor.ts'
import { readMessages, runLoop } from '../testing/loop-messages.ts'
import { ScriptedEngine, type ScriptedEngineOptions } from '../testing/scripted-engine.ts'
import { ROOM_RETRY_NS } from './growth-talk.ts'
import { Loop } from './loop.ts'

/** Letters that never repeat for long, so that no reply counts as stuck. */
const next = (tokens: readonly number[]) => 97 + (tokens.length % 26)
const prompt = (length: number, from = 1) => Array.from({ length }, (_, index) => from + index)

/** Eight sequences in a memory of 64 cells; the engine throws where there is none. */
function stage(options: ScriptedEngineOptions = {}) {
  const clock = { nowNs: 0, monotonicNs: () => clock.nowNs }
  const engine = new ScriptedEngine({ contextTokens: 64, contexts: 1, sequences: 8, next, ...options })
  const sent: ToParent[] = []
  const governor = fixedGovernor(clock)
  const loop = new Loop({ engine, governor, clock, send: (message) => sent.push(message), speculate: false })
  const asked = () => sent.flatMap((message) => (message.type === 'grow' ? [message.size] : []))
  return { engine, loop, run: () => runLoop(loop, 1000), clock, sent, asked, ...readMessages(sent) }
}

/** What it says alone, in a memory that is large enough. */
function aloneText(request: ReturnType<typeof greedyRequest>, options: ScriptedEngineOptions = {}): string {
  const { loop, run, textOf } = stage(options)
  loop.submit(1, request)
  run()
  return textOf(1)
}

/** Differs from prompt to prompt. */
const ownNext = (tokens: readonly number[]) => 97 + (((tokens[0] as number) + tokens.length) % 26)

describe('a memory that all sequences share', () => {
  it('serves as many at once as fit, without growing', () => {
    const { engine, loop, run, asked, endOf } = stage()
    for (let id = 0; id < 8; id++) loop.submit(id, greedyRequest({ prompt: prompt(2, 10 * id + 1), maxTokens: 5 }))
    loop.step()
    loop.step()
    expect(engine.steps.at(-1)?.size).toBe(8)
    run()
    expect(asked()).toEqual([])
    for (let id = 0; id < 8; id++) expect(endOf(id)).toMatchObject({ evalTokens: 5 })
  })

  it('is asked to grow for those that wait, all at once, and takes them then', async () => {
    const { engine, loop, run, asked, sent, endOf } = stage()
    for (let id = 0; id < 4; id++) loop.submit(id, greedyRequest({ prompt: prompt(40, 100 * id + 1), maxTokens: 8 }))
    loop.step()
    expect(asked()).toEqual([{ contextTokens: 64, contexts: 4 }])
    await loop.answerGrowth(true)
    run()
    expect(engine.contexts).toBe(4)
    expect(sent).toContainEqual({ type: 'grown', size: { contextTokens: 64, contexts: 4 } })
    for (let id = 0; id < 4; id++) expect(endOf(id)).toMatchObject({ promptTokens: 40, evalTokens: 8 })
  })

  it('lets one wait for the other where it cannot grow, and asks again after a while', async () => {
    const { loop, run, asked, endOf, clock } = stage()
    for (let id = 0; id < 3; id++) loop.submit(id, greedyRequest({ prompt: prompt(40, 100 * id + 1), maxTokens: 8 }))
    loop.step()
    await loop.answerGrowth(false)
    loop.step()
    expect(asked()).toHaveLength(1)
    clock.nowNs += ROOM_RETRY_NS
    loop.step()
    expect(asked()).toHaveLength(2)
    await loop.answerGrowth(false)
    run()
    for (let id = 0; id < 3; id++) expect(endOf(id)).toMatchObject({ promptTokens: 40, evalTokens: 8 })
  })

  it.each([
    ['the parent', {}, false],
    ['the engine', { canGrow: false }, true],
  ])('says the same where replies outgrow it and %s has no more: the last gives way and reads again', async (_, options, granted) => {
    const requests = [0, 1, 2].map((id) => greedyRequest({ prompt: prompt(10, 100 * id + 1), maxTokens: 50 }))
    const { engine, loop, run, textOf, endOf, asked } = stage({ ...options, next: ownNext })
    for (const [id, request] of requests.entries()) loop.submit(id, request)
    for (let turns = 0; turns < 20; turns++) {
      run()
      if (asked().length > turns) await loop.answerGrowth(granted)
    }
    expect([0, 1, 2].map(textOf)).toEqual(requests.map((request) => aloneText(request, { next: ownNext })))
    expect([0, 1, 2].map((id) => endOf(id)?.evalTokens)).toEqual([50, 50, 50])
    expect(Math.max(...engine.steps.flatMap((step) => [...step.values()]))).toBeGreaterThan(10)
  })

  it('counts a common beginning once', () => {
    const { engine, loop, run, asked, endOf } = stage()
    const system = prompt(40)
    loop.submit(0, greedyRequest({ prompt: system, maxTokens: 1 }))
    run()
    for (let id = 1; id < 5; id++) loop.submit(id, greedyRequest({ prompt: [...system, 200 + id], maxTokens: 4 }))
    run()
    expect(asked()).toEqual([])
    for (let id = 1; id < 5; id++) expect(endOf(id)).toMatchObject({ cachedTokens: 40, evalTokens: 4 })
    expect(new Set(engine.cells.flat()).size).toBeLessThanOrEqual(64)
    expect(engine.cells.flat().length).toBeGreaterThan(160)
  })

  it('copies it where cells cannot be shared, as long as there is room', () => {
    const { loop, run, endOf } = stage({ sharesCells: false, contexts: 2 })
    loop.submit(0, greedyRequest({ prompt: prompt(50), maxTokens: 1 }))
    run()
    for (const id of [1, 2]) loop.submit(id, greedyRequest({ prompt: [...prompt(50), 200 + id], maxTokens: 4 }))
    loop.step()
    run()
    for (const id of [1, 2]) expect(endOf(id)).toMatchObject({ cachedTokens: 50, evalTokens: 4 })
  })

  it('takes a talk over from the slot that has it where there is no room beside it', () => {
    const { engine, loop, run, endOf } = stage({ sharesCells: false })
    loop.submit(0, greedyRequest({ prompt: prompt(20), maxTokens: 1 }))
    loop.submit(1, greedyRequest({ prompt: [...prompt(20), ...prompt(20, 300)], maxTokens: 1 }))
    run()
    loop.submit(2, greedyRequest({ prompt: [...prompt(20), ...prompt(30, 500)], maxTokens: 5 }))
    run()
    expect(endOf(2)).toMatchObject({ cachedTokens: 20, evalTokens: 5 })
    expect(new Set(engine.cells.flat()).size).toBeLessThanOrEqual(64)
  })

  it('forgets idle talks for one that needs all of it', () => {
    const { loop, run, endOf, asked } = stage()
    for (const id of [0, 1, 2]) loop.submit(id, greedyRequest({ prompt: prompt(15, 100 * id + 1), maxTokens: 1 }))
    run()
    loop.submit(3, greedyRequest({ prompt: prompt(60, 900), maxTokens: 3 }))
    run()
    expect(endOf(3)).toMatchObject({ promptTokens: 60, evalTokens: 3 })
    expect(asked()).toEqual([])
  })

  it('keeps a shared beginning when a context shifts: the rest is read again', async () => {
    const request = greedyRequest({ prompt: [...prompt(30), 200], maxTokens: 60, contextShift: true, keepTokens: 4 })
    const alone = aloneText(request)
    const { loop, run, textOf, endOf } = stage()
    loop.submit(0, greedyRequest({ prompt: prompt(30), maxTokens: 1 }))
    run()
    loop.submit(1, request)
    loop.submit(2, greedyRequest({ prompt: [...prompt(30), 201], maxTokens: 3 }))
    run()
    await loop.answerGrowth(false)
    run()
    expect(textOf(1)).toHaveLength(alone.length)
    expect(endOf(1)).toMatchObject({ evalTokens: 60 })
    expect(endOf(2)).toMatchObject({ cachedTokens: 30, evalTokens: 3 })
  })

  it('goes on after one that had given way is cancelled', async () => {
    const { loop, run, endOf } = stage()
    for (const id of [0, 1]) loop.submit(id, greedyRequest({ prompt: prompt(10, 100 * id + 1), maxTokens: 50 }))
    for (let steps = 0; steps < 30; steps++) loop.step()
    await loop.answerGrowth(false)
    loop.step()
    loop.cancel(1)
    loop.submit(2, greedyRequest({ prompt: prompt(5, 700), maxTokens: 2 }))
    run()
    expect(endOf(0)).toMatchObject({ evalTokens: 50 })
    expect(endOf(1)).toBeUndefined()
    expect(endOf(2)).toMatchObject({ evalTokens: 2 })
  })

  it('stays as it is when nobody wants more of it any longer', async () => {
    const { engine, loop } = stage()
    for (const id of [0, 1]) loop.submit(id, greedyRequest({ prompt: prompt(40, 100 * id + 1), maxTokens: 8 }))
    loop.step()
    for (const id of [0, 1]) loop.cancel(id)
    await loop.answerGrowth(true)
    expect(engine.contexts).toBe(1)
  })

  it('becomes a larger context of its own size where that is enough', async () => {
    const { engine, loop, run, asked, endOf } = stage({ contexts: 2, trainContextTokens: 256 })
    loop.submit(0, greedyRequest({ prompt: prompt(100), maxTokens: 4, contextLimitTokens: 256 }))
    run()
    expect(asked()).toEqual([{ contextTokens: 128, contexts: 1 }])
    await loop.answerGrowth(true)
    run()
    expect(engine.contexts).toBe(1)
    expect(endOf(0)).toMatchObject({ promptTokens: 100, droppedTokens: 0, evalTokens: 4 })
  })
})
