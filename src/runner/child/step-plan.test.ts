import { describe, expect, it } from 'vitest'
import { sharePrefill } from './step-plan.ts'

const share = (budget: number, ...remaining: number[]) =>
  sharePrefill(
    remaining.map((tokens) => ({ remaining: tokens })),
    budget,
  )

describe('sharePrefill', () => {
  it('gives everything to the only one', () => {
    expect(share(64, 100)).toEqual([64])
    expect(share(64, 10)).toEqual([10])
  })

  it('gives the oldest half and a short one what it needs', () => {
    expect(share(64, 1000, 10)).toEqual([54, 10])
  })

  it('finishes the shortest first, and begins no other', () => {
    expect(share(64, 1000, 500, 20)).toEqual([44, 0, 20])
    expect(share(64, 40, 40, 40)).toEqual([40, 0, 0])
    expect(share(84, 40, 40, 40)).toEqual([40, 40, 0])
  })

  it('gives what the others leave to the oldest', () => {
    expect(share(100, 1000, 5, 5)).toEqual([90, 5, 5])
  })

  it('gives nothing when there is no room or nobody', () => {
    expect(share(0, 10)).toEqual([0])
    expect(share(10)).toEqual([])
  })
})
