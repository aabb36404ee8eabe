import { describe, expect, it } from 'vitest'
import { freshStory, freshText } from './fresh-text.ts'

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

describe('a fresh story', () => {
  it('is the same for the same seed, and another one for each other', () => {
    expect(freshStory(7)).toBe(freshStory(7))
    const seeds = [0, 1_000_000, 8_000_000, 100_000_000, 4_000_000_000].flatMap((from) =>
      Array.from({ length: 4000 }, (_, index) => from + index),
    )
    expect(new Set(seeds.map(freshStory)).size).toBe(seeds.length)
  })

  it('has another name in it than the next seven', () => {
    const nameOf = (seed: number) => freshStory(seed).split(/\s+/)[2]
    for (const seed of [0, 8, 800, 123_456 * 8]) {
      expect(new Set(Array.from({ length: 8 }, (_, index) => nameOf(seed + index))).size).toBe(8)
    }
  })

  it('has all of its parts', () => {
    for (let seed = 0; seed < 1000; seed++) {
      expect(freshStory(seed)).toMatch(
        /^Chapter 1\n\n[A-Z]\w+ was a \w+ \w+ who lived in an? [\w ]+\. One [\w ]+, while talking to \w+ [\w ]*about the weather, [A-Z]\w+ found an? [\w ]+ \w+ [\w ]+\. At first$/,
      )
    }
  })
})
