import { describe, expect, it } from 'vitest'
import type { ToParent } from '../protocol.ts'
import { greedyRequest } from '../testing/conformance.ts'
import { fixedGovernor } from '../testing/fixed-governor.ts'
import { readMessages, runLoop } from '../testing/loop-messages.ts'
import { ScriptedEngine, type ScriptedEngineOptions } from '../testing/scripted-engine.ts'
import { Loop } from './loop.ts'

/** Letters that never repeat for long, so that no reply counts as stuck. */
const next = (tokens: readonly number[]) => 97 + (tokens.length % 26)

function stage({ threads = 1, ...options }: ScriptedEngineOptions & { threads?: number } = {}) {
  const clock = { nowNs: 0, monotonicNs: () => clock.nowNs }
  const engine = new ScriptedEngine({ contextTokens: 32, trainContextTokens: 256, next, ...options })
  const sent: ToParent[] = []
  const governor = fixedGovernor(clock, threads)
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
  it('waits for the parent before it admits a prompt, and takes it whole', async () => {
    const { loop, run, asked, grown, endOf } = stage()
    loop.submit(1, growing({ prompt: long(40), maxTokens: 4 }))
    run()
    expect(asked()).toEqual([64])
    expect(endOf(1)).toBeUndefined()
    await loop.answerGrowth(true)
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

  it('goes on with a reply at the end of the context, up to the training context', async () => {
    const { loop, run, asked, endOf } = stage({ trainContextTokens: 100 })
    loop.submit(1, growing({ prompt: 'hello', maxTokens: -1 }))
    for (let answers = 0; answers < 10; answers++) {
      run()
      await loop.answerGrowth(true)
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
  ])('is done without where %s refuses: the prompt is cut, and the reply ends with its context', async (_, { granted, canGrow }) => {
    const { loop, run, grown, endOf } = stage({ canGrow })
    loop.submit(1, growing({ prompt: long(40), maxTokens: -1, keepTokens: 4 }))
    run()
    await loop.answerGrowth(granted)
    run()
    expect(grown()).toEqual([])
    expect(endOf(1)).toMatchObject({ reason: 'length', promptTokens: 18, droppedTokens: 22, evalTokens: 14 })
  })

  it('fails a prompt that may not be cut only when there is no memory for it', async () => {
    const { loop, run, failureOf, endOf } = stage()
    loop.submit(1, growing({ prompt: long(40), truncatePrompt: false }))
    loop.submit(2, growing({ prompt: 'hello', maxTokens: 1 }))
    run()
    expect(failureOf(1)).toBeUndefined()
    await loop.answerGrowth(false)
    run()
    expect(failureOf(1)).toMatchObject({ failure: { code: 'context_exceeded' } })
    expect(endOf(2)).toMatchObject({ evalTokens: 1 })
  })

  it('asks again after a shift, when the context is full once more', async () => {
    const { loop, run, asked, endOf } = stage()
    loop.submit(1, growing({ prompt: 'hello', maxTokens: 60, contextShift: true }))
    for (let answers = 0; answers < 10; answers++) {
      run()
      await loop.answerGrowth(answers === 3)
    }
    expect(asked().length).toBeGreaterThan(2)
    expect(endOf(1)).toMatchObject({ evalTokens: 60 })
  })

  it('does not grow for a request that has left', async () => {
    const { loop, run, asked, grown, endOf, engine } = stage()
    loop.submit(1, growing({ prompt: long(40) }))
    loop.submit(2, growing({ prompt: long(100), maxTokens: 1 }))
    run()
    loop.cancel(1)
    await loop.answerGrowth(true)
    expect(engine.facts.contextTokens).toBe(32)
    run()
    expect(asked()).toEqual([64, 128])
    await loop.answerGrowth(true)
    run()
    expect(grown()).toEqual([128])
    expect(endOf(2)).toMatchObject({ promptTokens: 100, droppedTokens: 0 })
  })

  it('gives two replies that are full at once the room that both need', async () => {
    const { loop, run, asked, endOf } = stage()
    loop.submit(1, growing({ prompt: 'one', maxTokens: -1 }))
    loop.submit(2, growing({ prompt: 'two', maxTokens: -1 }))
    run()
    expect(asked()).toEqual([64])
    for (let answers = 0; answers < 10; answers++) {
      await loop.answerGrowth(true)
      run()
    }
    expect(asked()).toEqual([64, 128, 256])
    for (const id of [1, 2]) expect(endOf(id)).toMatchObject({ reason: 'length', evalTokens: 253 })
  })
})

describe('while the larger context is made', () => {
  /** One reply is under way, and a prompt that needs the larger context waits for it; what the parent said is heard. */
  function growingStage({ firstTokens = 20, ...options }: Parameters<typeof stage>[0] & { firstTokens?: number } = {}) {
    let makeContext = () => {}
    const made = new Promise<void>((resolve) => {
      makeContext = resolve
    })
    const staged = stage({ growing: made, ...options })
    staged.loop.submit(1, growing({ prompt: 'one', maxTokens: firstTokens }))
    staged.loop.step()
    staged.loop.submit(2, growing({ prompt: long(40), maxTokens: 4 }))
    staged.loop.step()
    expect(staged.asked()).toEqual([64])
    const answered = staged.loop.answerGrowth(true)
    const finish = async () => {
      makeContext()
      await answered
    }
    return { ...staged, finish }
  }

  it('the replies under way go on, and say what they would have said', async () => {
    const { loop, run, engine, grown, textOf, endOf, finish } = growingStage()
    for (let step = 0; step < 5; step++) loop.step()
    const before = textOf(1).length
    expect(before).toBeGreaterThan(5)
    expect(loop.isGrowing).toBe(true)
    await finish()
    expect(loop.isGrowing).toBe(false)
    expect(grown()).toEqual([])
    loop.step()
    expect(grown()).toEqual([64])
    expect(textOf(1)).toHaveLength(before + 1)
    run()
    const alone = stage()
    alone.loop.submit(1, growing({ prompt: 'one', maxTokens: 20 }))
    alone.run()
    expect(textOf(1)).toBe(alone.textOf(1))
    expect(endOf(2)).toMatchObject({ promptTokens: 40, droppedTokens: 0, evalTokens: 4 })
    expect(engine.openGrowths).toBe(0)
  })

  it('a reply that fits comes to its end', () => {
    const { run, endOf } = growingStage()
    run()
    expect(endOf(1)).toMatchObject({ evalTokens: 20 })
    expect(endOf(2)).toBeUndefined()
  })

  it('its request may leave: nobody has it then, and it is given back', async () => {
    const { loop, run, engine, grown, endOf, finish } = growingStage()
    loop.cancel(2)
    await finish()
    run()
    expect(grown()).toEqual([])
    expect(engine.facts.contextTokens).toBe(32)
    expect(engine.openGrowths).toBe(0)
    expect(endOf(1)).toMatchObject({ evalTokens: 20 })
  })

  it('it is there for another one that has come to need it', async () => {
    const { loop, run, asked, grown, endOf, finish } = growingStage({ firstTokens: 40 })
    run()
    expect(endOf(1)).toBeUndefined()
    loop.cancel(2)
    await finish()
    run()
    expect(grown()).toEqual([64])
    expect(asked()).toEqual([64])
    expect(endOf(1)).toMatchObject({ reason: 'length', evalTokens: 40 })
  })

  it('an even larger one is asked for afterwards', async () => {
    const { loop, run, asked, grown, endOf, finish } = growingStage()
    loop.submit(3, growing({ prompt: long(100), maxTokens: 1 }))
    run()
    expect(asked()).toEqual([64])
    await finish()
    run()
    await loop.answerGrowth(true)
    run()
    expect(asked()).toEqual([64, 128])
    expect(grown()).toEqual([64, 128])
    expect(endOf(3)).toMatchObject({ promptTokens: 100, droppedTokens: 0 })
  })

  it('and the engine fails at it, its request makes do with less and the others never notice', async () => {
    const { run, grown, endOf, finish } = growingStage({ canGrow: false })
    run()
    expect(endOf(1)).toMatchObject({ evalTokens: 20 })
    await finish()
    run()
    expect(grown()).toEqual([])
    expect(endOf(2)?.droppedTokens).toBeGreaterThan(0)
  })

  it('the process may end', async () => {
    const { loop } = growingStage()
    await loop.close(Promise.resolve())
    expect(loop.isGrowing).toBe(true)
  })

  it('a second word of the parent changes nothing', async () => {
    const { loop, run, grown, endOf, finish } = growingStage()
    await loop.answerGrowth(false)
    await finish()
    run()
    expect(grown()).toEqual([64])
    expect(endOf(2)).toMatchObject({ promptTokens: 40, droppedTokens: 0 })
  })

  it('one thread of the engine makes room for the one that makes it', async () => {
    const { loop, engine, finish } = growingStage({ threads: 2 })
    expect(engine.threads.at(-1)).toBe(2)
    loop.step()
    expect(engine.threads.at(-1)).toBe(1)
    await finish()
    loop.step()
    expect(engine.threads.at(-1)).toBe(2)
  })

  it('it takes over only when the engine has done what it had noted', async () => {
    const { loop, engine, grown, finish } = growingStage()
    await finish()
    engine.settled = false
    loop.step()
    expect(grown()).toEqual([])
    engine.settled = true
    loop.step()
    expect(grown()).toEqual([64])
  })

  it('it is given up where no step follows that would let the engine do so', async () => {
    const { run, engine, grown, endOf, finish } = growingStage()
    run()
    await finish()
    engine.settled = false
    run()
    expect(grown()).toEqual([])
    expect(endOf(2)?.droppedTokens).toBeGreaterThan(0)
    expect(engine.openGrowths).toBe(0)
  })
})
