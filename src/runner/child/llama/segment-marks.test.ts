import { describe, expect, it } from 'vitest'
import { takesPartOf } from './segment-marks.ts'

describe('a special token', () => {
  it.each([
    ['<|end|>', 'is the mark itself'],
    ['<|start|>', 'stands beside it'],
    ['end', 'is a part of it, which the engine looks for later'],
    ['\n\n', 'has nothing of it'],
    ['<', 'is its first character'],
  ])('%j takes nothing of <|end|> with it: it %s', (other) => {
    expect(takesPartOf('<|end|>', other)).toBe(false)
  })

  it.each([
    ['<|end|>\n', 'has it whole and more'],
    ['>\n', 'begins with its end'],
    ['x<|', 'ends with its beginning'],
  ])('%j takes a part of <|end|> with it: it %s', (other) => {
    expect(takesPartOf('<|end|>', other)).toBe(true)
  })
})
