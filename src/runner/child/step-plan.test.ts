import { describe, expect, it } from 'vitest'
import { sharePrefill } from './step-plan.ts'

const shareIn = (room: number, budget: number, ...remaining: number[]) =>
  sharePrefill(
    remaining.map((tokens) => ({ remaining: tokens })),
    { budget, room },
  )
const share = (budget: number, ...remaining: number[]) => shareIn(512, budget, ...remaining)

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

  it('reads a prompt to its end that would lack little', () => {
    expect(share(64, 80)).toEqual([80])
    expect(share(64, 81)).toEqual([64])
    expect(share(64, 60, 20)).toEqual([60, 20])
    expect(share(64, 70, 20)).toEqual([44, 20])
    expect(shareIn(70, 64, 80)).toEqual([64])
    expect(shareIn(80, 64, 80)).toEqual([80])
    expect(shareIn(50, 64, 51)).toEqual([50])
  })

  it('gives nothing when there is no room or nobody', () => {
    expect(share(0, 10)).toEqual([0])
    expect(share(10)).toEqual([])
  })
})
