import { describe, expect, it } from 'vitest'
import type { ToParent } from '../protocol.ts'
import { greedyRequest } from '../testing/conformance.ts'
import { readMessages, runLoop } from '../testing/loop-messages.ts'
import { ScriptedEngine, type ScriptedEngineOptions } from '../testing/scripted-engine.ts'
import { Loop } from './loop.ts'
import { ThreadGovernor } from './thread-governor.ts'

/** Letters that never repeat for long, so that no reply counts as stuck. */
const next = (tokens: readonly number[]) => 97 + (tokens.length % 26)

function stage(options: ScriptedEngineOptions = {}) {
  const clock = { nowNs: 0, monotonicNs: () => clock.nowNs }
  const engine = new ScriptedEngine({ contextTokens: 32, trainContextTokens: 256, next, ...options })
  const sent: ToParent[] = []
  const governor = new ThreadGovernor({ maxThreads: 1, fixed: true, clock, threadRoom: () => 1 })
  const loop = new Loop({ engine, governor, clock, send: (message) => sent.push(message), speculate: false })
  const run = () => runLoop(loop, 1000)
  const asked = () => sent.flatMap((message) => (message.type === 'grow' ? [message.size.contextTokens] : []))
  const grown = () => sent.flatMap((message) => (message.type === 'grown' ? [message.size.contextTokens] : []))
  const failureOf = (id: number) => sent.find((message) => message.type === 'failure' && message.id === id)
  return { engine, loop, run, clock, sent, asked, grown, ...readMessages(sent), failureOf }
}

const growing = (request: Parameters<typeof greedyRequest>[0]) => greedyRequest({ contextLimitTokens: 1000, ...request })
const long = (length: number) => Array.from({ length }, (_, index) => 1 + index)

describe('a context that grows', () => {
  it('waits for the parent before it admits a prompt, and takes it whole', () => {
    const { loop, run, asked, grown, endOf } = stage()
    loop.submit(1, growing({ prompt: long(40), maxTokens: 4 }))
    run()
    expect(asked()).toEqual([64])
    expect(endOf(1)).toBeUndefined()
    loop.answerGrowth(true)
    run()
    expect(grown()).toEqual([64])
    expect(endOf(1)).toMatchObject({ promptTokens: 40, droppedTokens: 0, evalTokens: 4 })
  })

  it('leaves room for the reply where the prompt alone would fit', () => {
    const { loop, run, asked } = stage()
    loop.submit(1, growing({ prompt: long(28), maxTokens: 4 }))
    run()
    expect(asked()).toEqual([])
    loop.submit(2, growing({ prompt: long(28), maxTokens: 5 }))
    run()
    expect(asked()).toEqual([64])
  })

  it('lets the others go on while one waits', () => {
    const { loop, run, endOf } = stage()
    loop.submit(1, greedyRequest({ prompt: 'one', maxTokens: 8 }))
    loop.submit(2, growing({ prompt: long(40), maxTokens: 1 }))
    run()
    expect(endOf(1)).toMatchObject({ evalTokens: 8 })
    expect(endOf(2)).toBeUndefined()
  })

  it('goes on with a reply at the end of the context, up to the training context', () => {
    const { loop, run, asked, endOf } = stage({ trainContextTokens: 100 })
    loop.submit(1, growing({ prompt: 'hello', maxTokens: -1 }))
    for (let answers = 0; answers < 10; answers++) {
      run()
      loop.answerGrowth(true)
    }
    expect(asked()).toEqual([64, 100])
    expect(endOf(1)).toMatchObject({ reason: 'length', promptTokens: 5, evalTokens: 95 })
  })

  it('asks in the middle of a reply only when the context is full', () => {
    const { loop, run, asked, endOf, engine } = stage()
    loop.submit(1, growing({ prompt: 'hello', maxTokens: 20 }))
    loop.submit(2, growing({ prompt: 'hello', maxTokens: 27 }))
    run()
    expect(asked()).toEqual([])
    expect(endOf(2)).toMatchObject({ evalTokens: 27 })
    expect(engine.facts.contextTokens).toBe(32)
  })

  it.each([
    ['memory', { granted: false, canGrow: true }],
    ['the engine', { granted: true, canGrow: false }],
  ])('is done without where %s refuses: the prompt is cut, and the reply ends with its context', (_, { granted, canGrow }) => {
    const { loop, run, grown, endOf } = stage({ canGrow })
    loop.submit(1, growing({ prompt: long(40), maxTokens: -1, keepTokens: 4 }))
    run()
    loop.answerGrowth(granted)
    run()
    expect(grown()).toEqual([])
    expect(endOf(1)).toMatchObject({ reason: 'length', promptTokens: 18, droppedTokens: 22, evalTokens: 14 })
  })

  it('fails a prompt that may not be cut only when there is no memory for it', () => {
    const { loop, run, failureOf, endOf } = stage()
    loop.submit(1, growing({ prompt: long(40), truncatePrompt: false }))
    loop.submit(2, growing({ prompt: 'hello', maxTokens: 1 }))
    run()
    expect(failureOf(1)).toBeUndefined()
    loop.answerGrowth(false)
    run()
    expect(failureOf(1)).toMatchObject({ failure: { code: 'context_exceeded' } })
    expect(endOf(2)).toMatchObject({ evalTokens: 1 })
  })

  it('asks again after a shift, when the context is full once more', () => {
    const { loop, run, asked, endOf } = stage()
    loop.submit(1, growing({ prompt: 'hello', maxTokens: 60, contextShift: true }))
    for (let answers = 0; answers < 10; answers++) {
      run()
      loop.answerGrowth(answers === 3)
    }
    expect(asked().length).toBeGreaterThan(2)
    expect(endOf(1)).toMatchObject({ evalTokens: 60 })
  })

  it('does not grow for a request that has left', () => {
    const { loop, run, asked, grown, endOf, engine } = stage()
    loop.submit(1, growing({ prompt: long(40) }))
    loop.submit(2, growing({ prompt: long(100), maxTokens: 1 }))
    run()
    loop.cancel(1)
    loop.answerGrowth(true)
    expect(engine.facts.contextTokens).toBe(32)
    run()
    expect(asked()).toEqual([64, 128])
    loop.answerGrowth(true)
    run()
    expect(grown()).toEqual([128])
    expect(endOf(2)).toMatchObject({ promptTokens: 100, droppedTokens: 0 })
  })

  it('gives two replies that are full at once the room that both need', () => {
    const { loop, run, asked, endOf } = stage()
    loop.submit(1, growing({ prompt: 'one', maxTokens: -1 }))
    loop.submit(2, growing({ prompt: 'two', maxTokens: -1 }))
    run()
    expect(asked()).toEqual([64])
    for (let answers = 0; answers < 10; answers++) {
      loop.answerGrowth(true)
      run()
    }
    expect(asked()).toEqual([64, 128, 256])
    for (const id of [1, 2]) expect(endOf(id)).toMatchObject({ reason: 'length', evalTokens: 253 })
  })
})
