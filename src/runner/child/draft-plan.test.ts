import { describe, expect, it } from 'vitest'
import { type DraftLuck, DraftPlan } from './draft-plan.ts'
import { StepCosts } from './step-costs.ts'

/** A model whose step costs 100 and 10 more for each token beside the first; a round of the draft costs `roundNs`. */
function stage({ roundNs = 5, tokenNs = 10 } = {}) {
  const plan = new DraftPlan()
  const costs = { of: (tokens: number) => 100 + (tokens - 1) * tokenNs }
  plan.rounds.record(1, roundNs)
  const luck = plan.begin()
  const count = (of: DraftLuck = luck) => plan.counts([{ luck: of, mostTokens: 4 }], { costs, tokens: 1, gain: 1, guessNs: 0 })[0] as number
  const play = (accepts: (proposed: number) => number, steps = 40) =>
    Array.from({ length: steps }, () => {
      const proposed = count()
      if (proposed > 0) plan.learn(luck, { proposed, accepted: accepts(proposed) })
      return proposed
    })
  return { plan, costs, luck, count, play }
}

describe('the number of guesses', () => {
  it('is none before it is known what a step costs without any', () => {
    const plan = new DraftPlan()
    const costs = new StepCosts()
    const ask = () => plan.counts([{ luck: plan.begin(), mostTokens: 4 }], { costs, tokens: 1, gain: 1, guessNs: 0 })
    expect(ask()).toEqual([0])
    costs.record(1, 100)
    costs.record(5, 110)
    expect(ask()).toEqual([4])
  })

  it('is what may be guessed where guesses are cheap and right', () => {
    const { play } = stage()
    expect(play((proposed) => proposed).slice(5, 20)).toEqual(Array(15).fill(4))
  })

  it('shrinks with the luck of a reply, down to none', () => {
    const { play } = stage()
    const counts = play(() => 0, 60)
    expect(counts[0]).toBeGreaterThan(1)
    expect(counts.slice(-14)).toEqual(Array(14).fill(0))
  })

  it('is none where a guess costs as much as a step, however right it is', () => {
    const { play } = stage({ roundNs: 100 })
    expect(play((proposed) => proposed).slice(0, 15)).toEqual(Array(15).fill(0))
  })

  it('is tried again after a rest, and the rests grow', () => {
    const { play } = stage({ roundNs: 1000 })
    const counts = play((proposed) => proposed, 200)
    const trials = counts.flatMap((guesses, step) => (guesses > 0 ? [step] : []))
    expect(trials).toEqual([15, 47, 111])
    expect(counts[15]).toBe(2)
  })

  it('recovers when a trial shows that guessing pays', () => {
    const { plan, play } = stage({ roundNs: 1000 })
    play((proposed) => proposed, 15)
    for (let round = 0; round < 3; round++) plan.rounds.record(1, 5)
    const [first, ...others] = play((proposed) => proposed, 10)
    expect(first).toBeGreaterThan(0)
    expect(others).toEqual(Array(9).fill(4))
  })

  it('stays a trial until something was guessed', () => {
    const { count, plan, luck } = stage({ roundNs: 1000 })
    for (let step = 0; step < 15; step++) count()
    expect([count(), count(), count()]).toEqual([2, 2, 2])
    plan.learn(luck, { proposed: 2, accepted: 2 })
    expect(count()).toBe(0)
  })

  it('is none for one step among many, which tells what a step without guesses costs', () => {
    const { play } = stage()
    const counts = play((proposed) => proposed, 100)
    expect(counts.filter((guesses) => guesses === 0)).toHaveLength(3)
  })

  it('is a question of each reply, and of the room that the others leave', () => {
    const plan = new DraftPlan()
    // Beyond six tokens a step is dear.
    const costs = { of: (tokens: number) => (tokens <= 6 ? 100 : 1000) }
    plan.rounds.record(2, 2)
    const [lucky, unlucky] = [plan.begin(), plan.begin()]
    for (let step = 0; step < 40; step++) {
      plan.learn(lucky, { proposed: 1, accepted: 1 })
      plan.learn(unlucky, { proposed: 1, accepted: 0 })
    }
    const counts = (lucks: DraftLuck[]) =>
      plan.counts(
        lucks.map((luck) => ({ luck, mostTokens: 4 })),
        { costs, tokens: 2, gain: 2, guessNs: 0 },
      )
    expect(counts([lucky, unlucky])).toEqual([4, 0])
    expect(counts([lucky, lucky])).toEqual([4, 0])
  })

  it('of a new reply follows the luck of those before', () => {
    const { plan, costs } = stage({ tokenNs: 40 })
    expect(plan.counts([{ luck: plan.begin(), mostTokens: 4 }], { costs, tokens: 1, gain: 1, guessNs: 0 })).not.toEqual([0])
    for (let step = 0; step < 100; step++) plan.learn(plan.begin(), { proposed: 1, accepted: 0 })
    expect(plan.counts([{ luck: plan.begin(), mostTokens: 4 }], { costs, tokens: 1, gain: 1, guessNs: 0 })).toEqual([0])
  })
})
