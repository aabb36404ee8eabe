import { describe, expect, it } from 'vitest'
import { AppError } from '../../base/errors.ts'
import { END_TOKEN, ScriptedEngine, type ScriptedEngineOptions } from '../testing/scripted-engine.ts'
import { DraftModel, type DraftWish } from './draft-model.ts'
import { StepCosts } from './step-costs.ts'

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz'
const spoken = (tokens: readonly number[]) => tokens.map((token) => String.fromCharCode(token)).join('')
/** The letter behind the last one. */
const spelling = (tokens: readonly number[]) => (tokens.at(-1) === 'z'.charCodeAt(0) ? END_TOKEN : (tokens.at(-1) as number) + 1)

function stage(options: ScriptedEngineOptions & { vocabularySize?: number } = {}) {
  const reports: string[] = []
  const engine = new ScriptedEngine({ next: spelling, ...options })
  const rounds = new StepCosts()
  const { vocabularySize = 1000 } = options
  let nowNs = 0
  const clock = { monotonicNs: () => (nowNs += 1e6) }
  const model = new DraftModel({ engine, vocabularySize, clock, rounds, report: (text) => reports.push(text) })
  const wish = (text: string, parts: Partial<DraftWish> = {}): DraftWish => {
    const tokens = [...Buffer.from(text)]
    return { sequence: 0, tokens: tokens.slice(0, -1), next: tokens.at(-1) as number, mostTokens: 3, ...parts }
  }
  const guesses = (...wishes: DraftWish[]) => model.guess(wishes, { threading: { threads: 1, schedule: 'dynamic' }, stepNs: 0 }).map(spoken)
  const evaluated = () => engine.steps.map((step) => [...step.values()].reduce((sum, tokens) => sum + tokens, 0))
  return { engine, model, wish, guesses, evaluated, rounds, reports }
}

describe('a draft model', () => {
  it('guesses as many tokens as are wanted', () => {
    const { guesses, wish } = stage()
    expect(guesses(wish('xxabc'))).toEqual(['def'])
    expect(guesses(wish('xxabc', { mostTokens: 1 }))).toEqual(['d'])
  })

  it('reads only what is new, and takes back what was not so', () => {
    const { engine, guesses, wish, evaluated } = stage()
    guesses(wish('xxabc'))
    expect(evaluated()).toEqual([5, 1, 1])
    expect(guesses(wish('xxabcde'))).toEqual(['fgh'])
    expect(evaluated().slice(3)).toEqual([1, 1, 1])
    expect(guesses(wish('xxabm'))).toEqual(['nop'])
    expect(evaluated().slice(6)).toEqual([1, 1, 1])
    expect(spoken(engine.memory[0] as number[])).toBe('xxabmno')
  })

  it('begins again where a context was shifted, or another request came', () => {
    const { engine, guesses, wish } = stage()
    guesses(wish('keep-dropped-abc'))
    expect(guesses(wish('keep-abcd'))).toEqual(['efg'])
    expect(guesses(wish('other k'))).toEqual(['lmn'])
    expect(spoken(engine.memory[0] as number[])).toBe('other klm')
  })

  it('guesses for several at once', () => {
    const { guesses, wish, evaluated } = stage()
    expect(guesses(wish('a'), wish('hij', { sequence: 1, mostTokens: 2 }))).toEqual(['bcd', 'kl'])
    expect(evaluated()).toEqual([4, 2, 1])
  })

  it('copies what another sequence has read', () => {
    const { engine, guesses, wish, evaluated } = stage()
    const long = ALPHABET.repeat(3)
    while (guesses(wish(`${long}abc`))[0] === '');
    const before = evaluated().length
    expect(guesses(wish(`${long}xy`, { sequence: 1 }))).toEqual(['z'])
    expect(evaluated()[before]).toBe(2)
    expect(spoken(engine.memory[1] as number[])).toBe(`${long}xyz`)
  })

  it('reads a long text in pieces and guesses nothing meanwhile', () => {
    const { guesses, wish, evaluated } = stage({ batchTokens: 200 })
    const long = wish(`${ALPHABET.repeat(5)}a`)
    expect(guesses(long)).toEqual([''])
    expect(evaluated()).toEqual([64])
    // A token took a 64th of a millisecond: the rest is no more than a moment.
    expect(guesses(long)).toEqual(['bcd'])
  })

  it('keeps to its batch', () => {
    const { guesses, wish, evaluated } = stage({ batchTokens: 10 })
    const text = wish('some twenty letters abc')
    expect([guesses(text), guesses(text), guesses(text)]).toEqual([[''], [''], ['def']])
    expect(Math.max(...evaluated())).toBe(10)
  })

  it('ends a guess before the end of a reply, at tokens that the model does not have, and behind a guess that hardly leads', () => {
    expect(stage().guesses(stage().wish('xy'))).toEqual(['z'])
    expect(stage().guesses(stage().wish('xyz'))).toEqual([''])
    const padded = stage({ vocabularySize: 'd'.charCodeAt(0) })
    expect(padded.guesses(padded.wish('ab'))).toEqual(['c'])
    const unsure = stage({ lead: 0.5 })
    expect(unsure.guesses(unsure.wish('ab'))).toEqual(['c'])
  })

  it('guesses nothing behind a token that it does not have', () => {
    const { guesses, wish, engine, reports } = stage()
    expect(guesses(wish('ab', { tokens: [97, 1000] }), wish('ab', { sequence: 1 }))).toEqual(['', 'cde'])
    expect(guesses(wish('abc', { next: 1000 }))).toEqual([''])
    expect(engine.memory[0]).toEqual([])
    expect(reports).toEqual([])
  })

  it('guesses nothing beyond its context, which grows with that of the model', async () => {
    const { guesses, wish, model } = stage({ contextTokens: 8, trainContextTokens: 12 })
    expect(guesses(wish('abcde'))).toEqual(['fgh'])
    expect(guesses(wish('abcdef'))).toEqual([''])
    ;(await model.prepareGrowth(100))?.adopt()
    expect(guesses(wish('abcdef'))).toEqual(['ghi'])
    expect(await model.prepareGrowth(200)).toBeUndefined()
    expect(guesses(wish('abcdefghij'))).toEqual([''])
  })

  it('knows what its rounds cost', () => {
    const { guesses, wish, rounds } = stage()
    guesses(wish('xxabc'))
    expect(rounds.of(1)).toBe(1e6)
  })

  it('that fails says so once and guesses no more', () => {
    const { guesses, wish, reports } = stage({
      onDecode: () => {
        throw new AppError('engine_error', 'out of order')
      },
    })
    expect([guesses(wish('abc')), guesses(wish('abc'))]).toEqual([[''], ['']])
    expect(reports).toEqual(['the draft model guesses no more: out of order'])
  })
})
