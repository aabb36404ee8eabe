import { describe, expect, it } from 'vitest'
import { createRunIds } from './run-ids.ts'

describe('createRunIds', () => {
  it('gives as many ids as the run has cells, all below -1 and within 32 bits', () => {
    const ids = createRunIds('an image', 5001)
    expect(ids).toHaveLength(5001)
    expect(ids.every((id) => Number.isInteger(id) && id < -1 && id >= -(2 ** 31))).toBe(true)
  })

  it('gives the same ids for the same content, and a part of them for a shorter run', () => {
    expect(createRunIds('an image', 20)).toEqual(createRunIds('an image', 20))
    expect(createRunIds('an image', 5)).toEqual(createRunIds('an image', 20).slice(0, 5))
  })

  it('gives other ids from the first one on for other content', () => {
    const [one, other] = [createRunIds('an image', 64), createRunIds('an image, other', 64)]
    expect(one.some((id, index) => id === other[index])).toBe(false)
  })

  it('hardly repeats an id within a run', () => {
    expect(new Set(createRunIds('an image', 4096)).size).toBeGreaterThan(4090)
  })
})
