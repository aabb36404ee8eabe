import { describe, expect, it } from 'vitest'
import type { ToParent } from '../protocol.ts'
import { greedyRequest } from '../testing/conformance.ts'
import { fixedGovernor } from '../testing/fixed-governor.ts'
import { readMessages, runLoop } from '../testing/loop-messages.ts'
import { createSavedStates } from '../testing/saved-states.ts'
import { ScriptedEngine, type ScriptedEngineOptions } from '../testing/scripted-engine.ts'
import { Loop } from './loop.ts'
import { PrefixCache } from './prefix-cache.ts'

const TOKEN_NS = 10e6

/** A loop whose engine takes 10 ms for each token. The cache keeps nothing in memory unless told. */
function stage(options: ScriptedEngineOptions = {}, { files = createSavedStates(), memoryBytes = 0 } = {}) {
  const clock = { now: 0, monotonicNs: () => clock.now }
  const engine = new ScriptedEngine({
    sequences: 1,
    batchTokens: 500,
    ...options,
    onDecode: (sequences) => {
      clock.now += sequences.length * TOKEN_NS
    },
  })
  const sent: ToParent[] = []
  const governor = fixedGovernor(clock)
  let fetched = () => {}
  const cache = new PrefixCache({ files, memoryBytes, pendingBytes: 1e6, onFetched: () => fetched(), report: () => {} })
  const loop = new Loop({ engine, governor, clock, send: (message) => sent.push(message), speculate: false, prefixCache: cache })
  const run = () => runLoop(loop)
  /** Runs, waits for the file, and runs on. */
  const runWithFetch = async () => {
    const done = new Promise<void>((resolve) => (fetched = resolve))
    run()
    await done
    run()
  }
  const written = () => cache.close(new Promise(() => {}))
  const asked = () => sent.flatMap((message) => (message.type === 'grow' ? [message.size.contexts] : []))
  return { engine, loop, run, runWithFetch, ...readMessages(sent), files, cache, written, asked }
}

const long = (letter: string, length = 100) => letter.repeat(length)
const ask = (prompt: string, maxTokens = 1) => greedyRequest({ prompt, maxTokens })

describe('Loop with a prefix cache', () => {
  it('goes on with the first of more talks than slots', async () => {
    const { loop, run, endOf, engine } = stage({}, { memoryBytes: 1e6 })
    loop.submit(1, ask(long('x')))
    loop.submit(2, ask(long('y')))
    loop.submit(3, ask(`${long('x')}?`))
    run()
    expect(endOf(2)).toMatchObject({ cachedTokens: 0 })
    expect(endOf(3)).toMatchObject({ promptTokens: 101, cachedTokens: 100 })
    expect(engine.steps.at(-1)?.get(0)).toBe(1)
  })

  it('lets idle talks make way for a prompt to which they would be a burden, and restores them', () => {
    const { loop, run, endOf, asked, engine } = stage({ sequences: 8, contexts: 1, contextTokens: 500 }, { memoryBytes: 1e6 })
    for (const [id, letter] of ['x', 'y', 'z'].entries()) {
      loop.submit(id, ask(long(letter, 200)))
      run()
      expect(engine.memory.filter(({ length }) => length > 0)).toHaveLength(1)
    }
    for (const [id, letter] of ['x', 'y', 'z'].entries()) {
      loop.submit(10 + id, ask(`${long(letter, 200)}?`))
      run()
      expect(endOf(10 + id)).toMatchObject({ cachedTokens: 200 })
    }
    expect(asked()).toEqual([])
  })

  it('keeps idle talks that are not worth saving as long as there is room', () => {
    const { loop, run, endOf, engine } = stage({ sequences: 8, contexts: 1, contextTokens: 150 })
    for (const [id, letter] of ['x', 'y', 'z'].entries()) {
      loop.submit(id, ask(long(letter, 60)))
      run()
    }
    expect(engine.memory.filter(({ length }) => length > 0)).toHaveLength(2)
    loop.submit(3, ask(`${long('y', 60)}?`))
    run()
    expect(endOf(3)).toMatchObject({ cachedTokens: 60 })
  })

  it('does not save a talk of which the next question changes the end alone', () => {
    const { loop, run, endOf, files } = stage()
    loop.submit(1, ask(`${long('x')}${long('a', 39)}`))
    loop.submit(2, ask(`${long('x')}b`))
    run()
    expect(endOf(2)).toMatchObject({ cachedTokens: 100 })
    expect(files.saved.size).toBe(0)
  })

  it('restores what an earlier process saved when it ended', async () => {
    const before = stage()
    before.loop.submit(1, ask(long('x'), 3))
    before.run()
    await before.loop.close(new Promise(() => {}))
    const { loop, runWithFetch, endOf } = stage({}, { files: before.files })
    loop.submit(1, ask(`${long('x')}aa and more`))
    await runWithFetch()
    expect(endOf(1)).toMatchObject({ cachedTokens: 102 })
  })

  it('lets the others go on while a state is read', async () => {
    const before = stage()
    before.loop.submit(1, ask(long('x')))
    before.run()
    await before.loop.close(new Promise(() => {}))
    const { loop, runWithFetch, endOf, engine } = stage({ sequences: 2 }, { files: before.files })
    loop.submit(1, ask('hello', 20))
    loop.step()
    loop.submit(2, ask(`${long('x')}?`))
    const done = runWithFetch()
    expect(endOf(1)).toBeDefined()
    await done
    expect(endOf(2)).toMatchObject({ cachedTokens: 100 })
    expect(engine.steps[0]?.get(0)).toBe(5)
  })

  it('restores it into an empty slot, not into that of a talk beside a busy one', async () => {
    const before = stage()
    before.loop.submit(1, ask(long('x')))
    before.run()
    await before.loop.close(new Promise(() => {}))
    const { loop, run, runWithFetch, endOf, engine } = stage({ sequences: 3, contexts: 2, contextTokens: 500 }, { files: before.files })
    for (const letter of ['a', 'b']) {
      loop.submit(1, ask(long(letter, 50)))
      run()
    }
    loop.submit(2, ask(`${long('a', 50)}?`, 30))
    loop.step()
    loop.setPaused(2, true)
    loop.submit(3, ask(`${long('x')}?`))
    await runWithFetch()
    expect(endOf(3)).toMatchObject({ cachedTokens: 100 })
    expect(engine.memory.map((held) => held[0])).toEqual(['a', 'b', 'x'].map((letter) => letter.charCodeAt(0)))
  })

  it('evaluates the prompt where the file has gone meanwhile', async () => {
    const before = stage()
    before.loop.submit(1, ask(long('x')))
    before.run()
    await before.loop.close(new Promise(() => {}))
    const { loop, runWithFetch, endOf } = stage({}, { files: before.files })
    before.files.saved.clear()
    loop.submit(1, ask(`${long('x')}?`))
    await runWithFetch()
    expect(endOf(1)).toMatchObject({ cachedTokens: 0 })
  })

  it('evaluates the prompt where the state does not fit, and deletes that', async () => {
    const before = stage()
    before.loop.submit(1, ask(long('x')))
    before.run()
    await before.loop.close(new Promise(() => {}))
    const { loop, runWithFetch, endOf, files, engine } = stage({}, { files: before.files })
    engine.writeState = (sequence) => {
      engine.memory[sequence] = []
      return false
    }
    loop.submit(1, ask(`${long('x')}?`))
    await runWithFetch()
    expect(endOf(1)).toMatchObject({ cachedTokens: 0 })
    expect(files.saved.size).toBe(0)
  })

  it('restores a state whole or not at all where the engine cannot cut it', async () => {
    const before = stage({ canBranch: false })
    before.loop.submit(1, ask(long('x')))
    before.run()
    await before.loop.close(new Promise(() => {}))
    const { loop, run, runWithFetch, endOf } = stage({ canBranch: false }, { files: before.files })
    loop.submit(1, ask(long('x', 99)))
    run()
    expect(endOf(1)).toMatchObject({ cachedTokens: 0 })
    loop.submit(2, ask(long('y', 20)))
    run()
    loop.submit(3, ask(long('x', 120)))
    await runWithFetch()
    expect(endOf(3)).toMatchObject({ cachedTokens: 100 })
  })

  it('saves at its end what was used last first, as long as there is time', async () => {
    const files = createSavedStates()
    let isLate = () => {}
    const write = files.write
    files.write = (one) => {
      isLate()
      return write(one)
    }
    const { loop, run } = stage({ sequences: 2 }, { files })
    for (const [id, prompt] of [long('x'), long('y')].entries()) loop.submit(id, ask(prompt))
    run()
    await loop.close(new Promise((resolve) => (isLate = resolve)))
    expect([...files.saved.values()].map(({ tokens }) => String.fromCharCode(tokens[0] ?? 0))).toEqual(['y'])
  })

  it('saves what a slot loses once', async () => {
    const { loop, run, files, written } = stage()
    for (const [id, prompt] of [long('x'), long('y'), `${long('y')}and more`, long('z')].entries()) loop.submit(id, ask(prompt))
    run()
    await written()
    expect([...files.saved.values()].map(({ tokens }) => tokens.length)).toEqual([100, 108])
  })

  it.each([
    { name: 'few tokens', prompt: long('x', 63) },
    { name: 'nothing that takes long', prompt: long('x', 39) },
  ])('does not save $name', async ({ prompt }) => {
    const { loop, run, files } = stage()
    loop.submit(1, ask(prompt))
    run()
    await loop.close(new Promise(() => {}))
    expect(files.saved.size).toBe(0)
  })

  it('saves what stands before a context shift only', async () => {
    const { loop, run, files } = stage({ contextTokens: 200, next: (tokens) => 97 + (tokens.length % 7) })
    loop.submit(1, greedyRequest({ prompt: long('x', 150), maxTokens: 100, contextShift: true, keepTokens: 80 }))
    run()
    await loop.close(new Promise(() => {}))
    expect([...files.saved.values()].map(({ tokens }) => tokens.length)).toEqual([80])
  })

  it('gives a restored talk the slot that was idle longest', async () => {
    const { loop, run, endOf, engine } = stage({ sequences: 2 }, { memoryBytes: 1e6 })
    for (const [id, prompt] of [long('x'), long('y'), long('z'), `${long('x')}?`].entries()) {
      loop.submit(id, ask(prompt))
      run()
    }
    expect(endOf(3)).toMatchObject({ cachedTokens: 100 })
    expect(engine.memory.map(([first]) => String.fromCharCode(first ?? 0))).toEqual(['z', 'x'])
  })

  it('evaluates a prompt whole whose log-probabilities are wanted', () => {
    const { loop, run, endOf } = stage({}, { memoryBytes: 1e6 })
    loop.submit(1, ask(long('x')))
    loop.submit(2, ask(long('y')))
    loop.submit(3, greedyRequest({ prompt: `${long('x')}?`, maxTokens: 1, promptLogprobs: 0 }))
    run()
    expect(endOf(3)).toMatchObject({ cachedTokens: 0 })
  })

  it('moves no state while the engine has changes to carry out', () => {
    const { loop, run, endOf, engine } = stage({ sequences: 2 }, { memoryBytes: 1e6 })
    for (const [id, prompt] of [long('x'), long('y'), long('z')].entries()) {
      loop.submit(id, ask(prompt))
      run()
    }
    const read = engine.readState.bind(engine)
    engine.readState = (...all) => {
      if (!engine.settled) throw new Error('not settled')
      return read(...all)
    }
    loop.submit(10, ask(long('y'), 5))
    loop.step()
    engine.settled = false
    loop.submit(11, ask(`${long('x')}?`))
    loop.step()
    expect(endOf(11)).toBeUndefined()
    engine.settled = true
    run()
    expect(endOf(11)).toMatchObject({ cachedTokens: 100 })
  })

  it('does without states when nothing is under way that would settle the engine', () => {
    const { loop, run, endOf, engine } = stage({}, { memoryBytes: 1e6 })
    loop.submit(1, ask(long('x')))
    loop.submit(2, ask(long('y')))
    run()
    engine.settled = false
    loop.submit(3, ask(`${long('x')}?`))
    run()
    expect(endOf(3)).toMatchObject({ cachedTokens: 0 })
  })

  it('uses no state of another kind of context', () => {
    const { loop, run, endOf, engine } = stage({}, { memoryBytes: 1e6 })
    loop.submit(1, ask(long('x')))
    loop.submit(2, ask(long('y')))
    run()
    Object.assign(engine, { stateIdentity: 'grown' })
    loop.submit(3, ask(`${long('x')}?`))
    run()
    expect(endOf(3)).toMatchObject({ cachedTokens: 0 })
  })
})
