import { describe, expect, it } from 'vitest'
import { Cells } from './cells.ts'

describe('Cells', () => {
  it('counts what sequences take and give back', () => {
    const cells = new Cells(2)
    cells.fit(0, 10)
    cells.fit(1, 5)
    cells.fit(0, 4)
    expect(cells.used).toBe(9)
    expect(cells.ownFrom(0, 1)).toBe(3)
  })

  it('counts shared cells once, until the last has given them up', () => {
    const cells = new Cells(3)
    cells.fit(0, 10)
    cells.share(0, 1, 6)
    cells.share(1, 2, 6)
    cells.fit(2, 8)
    expect(cells.used).toBe(12)
    expect([0, 1, 2].map((sequence) => cells.ownFrom(sequence, 0))).toEqual([4, 0, 2])
    cells.fit(0, 0)
    expect(cells.used).toBe(8)
    cells.fit(1, 2)
    expect(cells.used).toBe(8)
    expect(cells.ownFrom(2, 0)).toBe(6)
    cells.fit(2, 0)
    expect(cells.used).toBe(2)
    expect(cells.ownFrom(1, 0)).toBe(2)
  })

  it('gives up what the target of a share had', () => {
    const cells = new Cells(2)
    cells.fit(0, 3)
    cells.fit(1, 7)
    cells.share(0, 1, 2)
    expect(cells.used).toBe(3)
  })

  it('says what some sequences have together', () => {
    const cells = new Cells(3)
    cells.fit(0, 10)
    cells.share(0, 1, 6)
    cells.fit(2, 3)
    expect(cells.usedBy([0, 1])).toBe(10)
    expect(cells.usedBy([1, 2])).toBe(9)
    expect(cells.usedBy([])).toBe(0)
  })

  it('counts each of them when all have their own', () => {
    const cells = new Cells(2)
    cells.fit(0, 10)
    cells.share(0, 1, 6)
    cells.separate()
    expect(cells.used).toBe(16)
    expect(cells.ownFrom(1, 0)).toBe(6)
    cells.fit(0, 0)
    expect(cells.used).toBe(6)
  })
})
