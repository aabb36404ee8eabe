import { describe, expect, it } from 'vitest'
import { FORGOTTEN_AFTER_STEPS, StepCosts } from './step-costs.ts'

function measured(steps: Record<number, number>): StepCosts {
  const costs = new StepCosts()
  for (const [tokens, ns] of Object.entries(steps)) costs.record(Number(tokens), ns)
  return costs
}
const all = (costs: StepCosts, tokens: readonly number[]) => tokens.map((count) => costs.of(count))

describe('the cost of a step', () => {
  it('is unknown until a step was made', () => {
    expect(new StepCosts().of(3)).toBeUndefined()
  })

  it('is taken to be that of two steps for two tokens, and half of one for each further, until more is known', () => {
    expect(all(measured({ 1: 100 }), [1, 2, 3, 5])).toEqual([100, 200, 250, 350])
  })

  it('lies between those of its neighbours', () => {
    expect(all(measured({ 2: 100, 6: 300 }), [1, 2, 3, 4, 6])).toEqual([100, 100, 150, 200, 300])
  })

  it('grows beyond the largest as it did so far, or as it usually does where that is less', () => {
    expect(measured({ 1: 100, 5: 120 }).of(9)).toBe(140)
    expect(measured({ 1: 100, 5: 120 }).of(9)).toBeLessThan(measured({ 5: 120 }).of(9) as number)
    expect(measured({ 1: 100, 2: 900 }).of(3)).toBe(900 + 225)
    expect(measured({ 1: 100, 4: 50 }).of(8)).toBe(50)
  })

  it('may be less than that of fewer tokens', () => {
    expect(all(measured({ 6: 600, 8: 400 }), [6, 7, 8])).toEqual([600, 500, 400])
  })

  it('is no matter of single slow steps, and follows those that stay slow', () => {
    const costs = new StepCosts()
    for (const ns of [10, 10, 9000, 10, 9000]) costs.record(1, ns)
    expect(costs.of(1)).toBe(10)
    for (let step = 0; step < 4; step++) costs.record(1, 20)
    expect(costs.of(1)).toBe(20)
  })

  it('is forgotten where nobody tried it for long', () => {
    const costs = measured({ 1: 100, 4: 9000 })
    for (let step = 1; step < FORGOTTEN_AFTER_STEPS; step++) costs.record(1, 100)
    expect(costs.of(4)).toBe(9000)
    costs.record(1, 100)
    expect(costs.of(4)).toBe(300)
  })
})
