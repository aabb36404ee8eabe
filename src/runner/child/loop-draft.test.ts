import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CompletionRequest, ToParent } from '../protocol.ts'
import { greedyRequest } from '../testing/conformance.ts'
import { fixedGovernor } from '../testing/fixed-governor.ts'
import { readMessages, runLoop } from '../testing/loop-messages.ts'
import { END_TOKEN, ScriptedEngine, type ScriptedEngineOptions } from '../testing/scripted-engine.ts'
import { DraftModel } from './draft-model.ts'
import { DraftPlan } from './draft-plan.ts'
import { Loop } from './loop.ts'

type Script = NonNullable<ScriptedEngineOptions['next']>

/** Letters without a pattern that a look at the text before could find. */
const scattered: Script = (tokens) => 97 + ((Math.imul(tokens.length + 7, 2654435761) >>> 9) % 26)
const wrong: Script = () => 'Z'.charCodeAt(0)

interface StageOptions extends ScriptedEngineOptions {
  draftNext?: Script | undefined
  draft?: ScriptedEngineOptions
  mostTokens?: number
}

function stage({ draftNext, draft = {}, mostTokens = 4, ...options }: StageOptions) {
  const clock = { monotonicNs: () => 0 }
  const engine = new ScriptedEngine({ next: scattered, ...options })
  const sent: ToParent[] = []
  const governor = fixedGovernor(clock)
  const plan = new DraftPlan()
  const draftEngine = new ScriptedEngine({ ...options, ...draft, ...(draftNext ? { next: draftNext } : {}) })
  const model = new DraftModel({
    engine: draftEngine,
    vocabularySize: 1000,
    clock,
    rounds: plan.rounds,
    report: (text) => sent.push(text as never),
  })
  const drafting = draftNext && { model, plan, mostTokens }
  const loop = new Loop({ engine, governor, clock, send: (message) => sent.push(message), speculate: true, drafting })
  const run = (limit = 5000) => runLoop(loop, limit)
  const { textOf, endOf } = readMessages(sent)
  const replyOf = (id: number) => {
    const end = endOf(id)
    return {
      text: textOf(id),
      reason: end?.reason,
      evalTokens: end?.evalTokens,
      stopSequence: end?.stopSequence,
    }
  }
  return { engine, draftEngine, loop, run, replyOf, sent }
}

/** The reply and the steps with a draft model and without. */
function both(request: Partial<CompletionRequest>, { draftNext, ...options }: StageOptions) {
  const [drafted, plain] = [draftNext, undefined].map((script) => {
    const { loop, run, replyOf, engine } = stage({ ...options, draftNext: script })
    loop.submit(1, greedyRequest({ prompt: 'Say:', maxTokens: 60, ...request }))
    const steps = run()
    return { reply: replyOf(1), steps, held: engine.memory[0] }
  })
  if (!drafted || !plain) throw new Error('there are two')
  return { drafted, plain }
}

describe('a draft model', () => {
  it('saves steps where it is right, and nothing else changes', () => {
    const { drafted, plain } = both({}, { draftNext: scattered })
    expect(drafted.reply).toEqual(plain.reply)
    expect(drafted.held).toEqual(plain.held)
    expect(drafted.steps).toBeLessThan(plain.steps / 3)
  })

  it('costs hardly a step where it is wrong', () => {
    const { drafted, plain } = both({}, { draftNext: wrong })
    expect(drafted.reply).toEqual(plain.reply)
    expect(drafted.steps).toBeLessThan(plain.steps + 3)
  })

  it('guesses no more tokens than it may', () => {
    const { engine, loop, run } = stage({ draftNext: scattered, mostTokens: 2 })
    loop.submit(1, greedyRequest({ prompt: 'Say:', maxTokens: 60 }))
    run()
    expect(Math.max(...engine.steps.slice(1).map((step) => step.get(0) ?? 0))).toBe(3)
  })

  it.each([1, 2, 3, 7])('ends at %i tokens when no more are wanted', (maxTokens) => {
    const { drafted, plain } = both({ maxTokens }, { draftNext: scattered })
    expect(drafted.reply).toEqual(plain.reply)
    expect(drafted.reply.evalTokens).toBe(maxTokens)
  })

  it('changes no reply, whatever both say, in a context that shifts', () => {
    const mixed =
      (seed: number): Script =>
      (tokens) => {
        const value = (Math.imul(tokens.length * 31 + (tokens.at(-1) as number), 2654435761 + seed) >>> 8) % 97
        return value < 2 ? END_TOKEN : 97 + (value % 5)
      }
    const property = fc.property(fc.nat(), fc.nat(3), fc.integer({ min: 20, max: 90 }), (seed, other, contextTokens) => {
      const script = mixed(seed)
      // Right as often as not.
      const draftNext: Script = (tokens, state) => (tokens.length % 4 < other ? script(tokens, state) : 97 + (tokens.length % 5))
      const request = { maxTokens: 120, contextShift: true, keepTokens: 4 }
      const { drafted, plain } = both(request, { next: script, draftNext, contextTokens, trainContextTokens: contextTokens })
      expect(drafted.reply).toEqual(plain.reply)
      expect(drafted.held?.slice(0, -1)).toEqual(plain.held?.slice(0, -1))
    })
    fc.assert(property, { numRuns: 150, seed: 7 })
  })

  it('serves several replies, those that come later and those that take the place of a cancelled one', () => {
    const texts = (draftNext: Script | undefined) => {
      const { loop, run, replyOf } = stage({ draftNext, sequences: 2 })
      loop.submit(1, greedyRequest({ prompt: 'First:', maxTokens: 50 }))
      loop.submit(2, greedyRequest({ prompt: 'Second one:', maxTokens: 50 }))
      run(4)
      loop.cancel(1)
      loop.submit(3, greedyRequest({ prompt: 'First of all:', maxTokens: 50 }))
      run()
      return [replyOf(2), replyOf(3)]
    }
    expect(texts(scattered)).toEqual(texts(undefined))
  })

  it('keeps to a small batch', () => {
    const { drafted, plain } = both({}, { draftNext: scattered, batchTokens: 3, sequences: 1 })
    expect(drafted.reply).toEqual(plain.reply)
    expect(drafted.steps).toBeLessThan(plain.steps)
  })

  it('that breaks leaves the replies to the model', () => {
    const onDecode = () => {
      throw new Error('broken')
    }
    const { loop, run, replyOf } = stage({ draftNext: scattered, draft: { onDecode } })
    loop.submit(1, greedyRequest({ prompt: 'Say:', maxTokens: 20 }))
    run()
    expect(replyOf(1)).toMatchObject({ reason: 'length', evalTokens: 20 })
  })

  it('grows its context with the one of the model', async () => {
    const { loop, run, replyOf, draftEngine, sent } = stage({ draftNext: scattered, contextTokens: 64, trainContextTokens: 512 })
    loop.submit(1, greedyRequest({ prompt: 'Say:', maxTokens: 150, contextLimitTokens: 512 }))
    for (let turn = 0; turn < 10; turn++) {
      run()
      if (sent.at(-1)?.type === 'grow') await loop.answerGrowth(true)
    }
    expect(replyOf(1).evalTokens).toBe(150)
    expect(draftEngine.facts.contextTokens).toBeGreaterThan(150)
    expect((draftEngine.memory[0] as number[]).length).toBeGreaterThan(140)
  })

  it('does not grow where the one of the model does not in the end', async () => {
    const { loop, run, draftEngine } = stage({ draftNext: scattered, contextTokens: 64, trainContextTokens: 512 })
    loop.submit(1, greedyRequest({ prompt: 'Say:', maxTokens: 150, contextLimitTokens: 512 }))
    run()
    await loop.answerGrowth(true)
    expect(draftEngine.openGrowths).toBe(1)
    loop.cancel(1)
    run()
    expect(draftEngine.facts.contextTokens).toBe(64)
    expect(draftEngine.openGrowths).toBe(0)
  })
})
