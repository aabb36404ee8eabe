import { describe, expect, it } from 'vitest'
import { createWordWrapper } from './word-wrap.ts'

function wrap(pieces: string[], columns: number): string {
  const wrapper = createWordWrapper(() => columns)
  return pieces.map((piece) => wrapper.push(piece)).join('')
}

describe('the word wrapper', () => {
  it('moves the word that does not fit to the next line', () => {
    expect(wrap(['the quick brown fox'], 20)).toBe('the quick brown\nfox')
    expect(wrap(['the quick browny'], 20)).toBe('the quick brown\x1b[5D\x1b[K\nbrowny')
  })

  it('gives the same text however it is cut', () => {
    const text = 'the quick browny fox jumps\nover it'
    expect(wrap([...text], 20)).toBe(wrap([text], 20))
  })

  it('cuts a word that is longer than a line', () => {
    expect(wrap(['x'.repeat(20)], 20)).toBe(`${'x'.repeat(15)}\n${'x'.repeat(5)}`)
  })

  it('starts anew after a line break', () => {
    expect(wrap(['0123456789\n0123456789'], 20)).toBe('0123456789\n0123456789')
  })

  it('counts wide characters as two columns and breaks between them', () => {
    expect(wrap(['日'.repeat(9)], 20)).toBe(`${'日'.repeat(7)}\n${'日'.repeat(2)}`)
  })

  it('leaves the text alone on a terminal too narrow to wrap', () => {
    expect(wrap(['a very long line indeed'], 9)).toBe('a very long line indeed')
  })
})
