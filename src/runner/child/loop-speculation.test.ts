import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CompletionRequest, ToParent } from '../protocol.ts'
import { greedyRequest } from '../testing/conformance.ts'
import { fixedGovernor } from '../testing/fixed-governor.ts'
import { readMessages, runLoop } from '../testing/loop-messages.ts'
import { END_TOKEN, ScriptedEngine, type ScriptedEngineOptions } from '../testing/scripted-engine.ts'
import { Loop } from './loop.ts'

const COPIED = 'the quick brown fox jumps over the lazy dog and runs away'
/** Says that text again after the prompt, which ends with a colon. */
const copying = (tokens: readonly number[]) => Buffer.from(COPIED)[tokens.length - tokens.indexOf(':'.charCodeAt(0)) - 1] ?? END_TOKEN

function stage({
  stepNs = () => 0,
  ...options
}: ScriptedEngineOptions & { speculate?: boolean; stepNs?: (tokens: number) => number } = {}) {
  let nowNs = 0
  const clock = { monotonicNs: () => nowNs }
  const engine = new ScriptedEngine({ next: copying, sequences: 8, onDecode: (tokens) => (nowNs += stepNs(tokens.length)), ...options })
  const sent: ToParent[] = []
  const governor = fixedGovernor(clock)
  const loop = new Loop({ engine, governor, clock, send: (message) => sent.push(message), speculate: options.speculate ?? true })
  const run = (limit = 5000) => runLoop(loop, limit)
  const { textOf, endOf } = readMessages(sent)
  const replyOf = (id: number) => {
    const end = endOf(id)
    return { text: textOf(id), reason: end?.reason, evalTokens: end?.evalTokens, stopSequence: end?.stopSequence }
  }
  return { engine, loop, run, replyOf }
}

/** The reply and the steps, with and without guesses. */
function both(request: Partial<CompletionRequest>, options: ScriptedEngineOptions = {}) {
  return [true, false].map((speculate) => {
    const { loop, run, replyOf, engine } = stage({ ...options, speculate })
    loop.submit(1, greedyRequest({ prompt: `${COPIED}:`, maxTokens: 100, ...request }))
    const steps = run()
    return { reply: replyOf(1), steps, held: engine.memory[0] }
  }) as [ReturnType<typeof withSteps>, ReturnType<typeof withSteps>]
}
declare function withSteps(): { reply: ReturnType<ReturnType<typeof stage>['replyOf']>; steps: number; held: number[] }

describe('guessing ahead', () => {
  it('says the same in far fewer steps where the reply repeats the prompt', () => {
    const [guessed, plain] = both({})
    expect(guessed.reply).toEqual(plain.reply)
    expect(plain.reply.text).toBe(COPIED)
    expect(guessed.steps).toBeLessThan(plain.steps / 3)
    expect(guessed.held).toEqual(plain.held)
  })

  it.each([1, 2, 5, 9, 17, 33])('ends at %i tokens when no more are wanted', (maxTokens) => {
    const [guessed, plain] = both({ maxTokens })
    expect(guessed.reply).toEqual(plain.reply)
    expect(guessed.reply.evalTokens).toBe(maxTokens)
  })

  it('ends at a stop string in the midst of a guess', () => {
    const [guessed, plain] = both({ stop: ['jumps'] })
    expect(guessed.reply).toEqual(plain.reply)
    expect(guessed.reply).toMatchObject({ text: 'the quick brown fox ', reason: 'stop', stopSequence: 'jumps' })
  })

  it('keeps to the context', () => {
    const [guessed, plain] = both({}, { contextTokens: COPIED.length + 30, trainContextTokens: COPIED.length + 30 })
    expect(guessed.reply).toEqual(plain.reply)
  })

  it('keeps to a batch of few tokens', () => {
    const [guessed, plain] = both({}, { batchTokens: 6, sequences: 1 })
    expect(guessed.reply).toEqual(plain.reply)
    expect(guessed.steps).toBeLessThan(plain.steps)
  })

  it('takes back what it guessed wrong', () => {
    const other = Buffer.from('the quick brown cat sleeps: the quick brown fox jumps')
    const next = (tokens: readonly number[]) => other[tokens.length - COPIED.length - 1] ?? END_TOKEN
    const [guessed, plain] = both({}, { next })
    expect(guessed.reply).toEqual(plain.reply)
    expect(guessed.held).toEqual(plain.held)
  })

  it('changes no reply, whatever the model says', () => {
    const next = (seed: number) => (tokens: readonly number[]) => {
      // Mostly what followed the last such letter, sometimes another, now and then the end.
      const last = tokens.at(-1) as number
      const mixed = (Math.imul(tokens.length * 31 + last, 2654435761 + seed) >>> 8) % 97
      if (mixed < 2) return END_TOKEN
      if (mixed < 10) return 97 + (mixed % 4)
      const before = tokens.lastIndexOf(last, tokens.length - 2)
      return before < 0 ? 97 + (mixed % 4) : (tokens[before + 1] as number)
    }
    const property = fc.property(
      fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'd'), minLength: 1, maxLength: 60 }),
      fc.nat(),
      (prompt, seed) => {
        const [guessed, plain] = both({ prompt, maxTokens: 80 }, { next: next(seed) })
        expect(guessed.reply).toEqual(plain.reply)
        expect(guessed.held?.slice(0, -1)).toEqual(plain.held?.slice(0, -1))
      },
    )
    fc.assert(property, { numRuns: 200, seed: 7 })
  })

  it('guesses as much as steps have room for, and hardly anything where other streams have taken it', () => {
    // Eight tokens cost what one does, and beyond that each costs the same.
    const stepNs = (tokens: number) => Math.max(tokens, 8) * 1e6
    const lastSizes = (streams: number) => {
      const size = { contextTokens: 512, trainContextTokens: 512 }
      const crowd = stage({ next: (held) => held.at(-4) ?? END_TOKEN, sequences: streams, stepNs, ...size })
      for (let id = 0; id < streams; id++) crowd.loop.submit(id, greedyRequest({ prompt: 'abcdabcdabcd', maxTokens: 300 }))
      crowd.run()
      return crowd.engine.steps.slice(-25, -5).map((step) => [...step.values()].reduce((sum, tokens) => sum + tokens, 0))
    }
    for (const streams of [1, 4]) expect(Math.min(...lastSizes(streams))).toBeGreaterThanOrEqual(8)
    expect(lastSizes(8)).toEqual(Array(20).fill(8))
  })

  it('guesses nothing where a token costs a step, once that is known', () => {
    const { engine, loop, run } = stage({ stepNs: (tokens) => tokens * 1e6 })
    loop.submit(1, greedyRequest({ prompt: `${COPIED}:`, maxTokens: 100 }))
    run()
    expect(engine.steps.slice(1).filter((step) => (step.get(0) ?? 0) > 1).length).toBeLessThan(5)
  })

  it('knows what steps cost with the threads that they have', () => {
    const costs = new Map([
      [2, () => 1e6],
      [1, (tokens: number) => tokens * 1e6],
    ])
    let mostThreads = 2
    let nowNs = 0
    const clock = { monotonicNs: () => nowNs }
    const engine = new ScriptedEngine({
      next: (held) => held.at(-4) ?? END_TOKEN,
      onDecode: (tokens) => (nowNs += costs.get(mostThreads)?.(tokens.length) ?? 0),
    })
    const governor = {
      choose: () => ({ threads: mostThreads, schedule: 'dynamic' as const }),
      record: () => {},
      get mostThreads() {
        return mostThreads
      },
    }
    const loop = new Loop({ engine, governor, clock, send: () => {}, speculate: true })
    const guessedSteps = (threads: number) => {
      mostThreads = threads
      const before = engine.steps.length
      loop.submit(1, greedyRequest({ prompt: 'abcdabcdabcd', maxTokens: 60 }))
      runLoop(loop, 5000)
      return engine.steps.slice(before + 1).filter((step) => (step.get(0) ?? 0) > 1).length
    }
    expect(guessedSteps(2)).toBeGreaterThan(3)
    guessedSteps(1)
    expect(guessedSteps(1)).toBeLessThan(3)
    expect(guessedSteps(2)).toBeGreaterThan(3)
  })

  it('guesses nothing where it is off, and where nothing can be taken back', () => {
    const most = ({ engine }: { engine: ScriptedEngine }) => Math.max(...engine.steps.slice(1).map((step) => step.get(0) ?? 0))
    for (const options of [{ speculate: false }, { canBranch: false }]) {
      const alone = stage(options)
      alone.loop.submit(1, greedyRequest({ prompt: `${COPIED}:`, maxTokens: 100 }))
      alone.run()
      expect(most(alone)).toBe(1)
    }
  })
})
