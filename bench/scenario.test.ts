import { describe, expect, it } from 'vitest'
import { freshText } from './scenario.ts'

describe('a fresh text', () => {
  it('is the same for the same seed, and no beginning of another one', () => {
    expect(freshText(40, 7)).toBe(freshText(40, 7))
    const texts = Array.from({ length: 5000 }, (_, seed) => freshText(12, seed))
    expect(new Set(texts).size).toBe(texts.length)
  })

  it('does not go round in a circle', () => {
    const words = freshText(400, 3).split(' ')
    const repeats = words.filter((word, index) => word === words[index + 16]).length
    expect(repeats).toBeLessThan(words.length / 4)
    expect(new Set(words).size).toBe(16)
  })
})
