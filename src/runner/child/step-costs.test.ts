import { describe, expect, it } from 'vitest'
import { StepCosts } from './step-costs.ts'

describe('the cost of a step', () => {
  it('is unknown until a step was made', () => {
    expect(new StepCosts().of(3)).toBeUndefined()
  })

  it('lies between those of its neighbours, and beyond the last is no more', () => {
    const costs = new StepCosts()
    costs.record(2, 100)
    costs.record(6, 300)
    expect([1, 2, 3, 4, 6, 9].map((tokens) => costs.of(tokens))).toEqual([100, 100, 150, 200, 300, 300])
  })

  it('follows a change, and no single step', () => {
    const costs = new StepCosts()
    for (const ns of [10, 10, 10, 9000]) costs.record(1, ns)
    expect(costs.of(1)).toBe(10)
    for (const ns of [20, 20]) costs.record(1, ns)
    expect(costs.of(1)).toBe(20)
  })
})
