import type { Target } from './client.ts'

export interface Scenario {
  name: string
  /** What the number is: 'tokens/s' and 'times' are better when they are higher, 'ms' when it is lower. */
  unit: 'tokens/s' | 'times' | 'ms'
  about: string
  /** Needs the target's embedding model. */
  embeds?: boolean
  /** One measurement of one server. `round` differs from turn to turn, so that a text can be one that the server has not seen. */
  measure(target: Target, round: number): Promise<number>
}

/** A text of about `words` words that no two rounds share. */
export function freshText(words: number, round: number): string {
  const list = [
    'llama',
    'river',
    'stone',
    'winter',
    'market',
    'signal',
    'paper',
    'garden',
    'engine',
    'morning',
    'harbor',
    'window',
    'copper',
    'forest',
    'letter',
    'bridge',
  ]
  let state = (round + 1) * 2654435761
  return Array.from({ length: words }, () => {
    state = (state * 1664525 + 1013904223) >>> 0
    return list[state % list.length]
  }).join(' ')
}

/** A prompt that no two rounds share and that a small model goes on with for long: after words without sense it would soon be silent. */
export function freshPrompt(words: number, round: number): string {
  return `Notes ${round}: ${freshText(words, round)}.\n\nChapter 1. Once upon a time, in a small village, there lived a llama that`
}
