import { beforeEach, describe, expect, it } from 'vitest'
import { SegmentMemo, type TokenizeOptions } from './segment-memo.ts'

const WHOLE = { addSpecial: true, parseSpecial: true }
const BOS = 1
const long = (word: string) => `${word} `.repeat(150)

/** A token for each character. */
let asked: string[]
const tokenize = (text: string, { addSpecial }: TokenizeOptions) => {
  asked.push(text)
  return [...(addSpecial ? [BOS] : []), ...[...text].map((character) => character.charCodeAt(0))]
}
const memoOf = (marks: string[] | undefined, maxCharacters?: number) =>
  new SegmentMemo({ tokenize, readMarks: () => marks, ...(maxCharacters === undefined ? {} : { maxCharacters }) })

beforeEach(() => {
  asked = []
})

describe('the tokens of a prompt', () => {
  it('are those of its segments, behind what comes first', () => {
    const text = `${long('a')}<end>b<end><end>${long('c')}`
    expect(memoOf(['<end>']).tokenize(text, WHOLE)).toEqual([BOS, ...[...text].map((character) => character.charCodeAt(0))])
    expect(asked).toEqual(['', `${long('a')}<end>`, 'b<end>', '<end>', long('c')])
  })

  it('are asked of the engine only where they are new', () => {
    const memo = memoOf(['<end>', '|stop.'])
    const before = `${long('a')}<end>${long('b')}|stop.`
    const tokens = memo.tokenize(before, WHOLE)
    asked = []
    expect(memo.tokenize(`${before}c<end>`, WHOLE)).toEqual([...tokens, ...tokenize('c<end>', { ...WHOLE, addSpecial: false })])
    expect(asked).toEqual(['', 'c<end>', 'c<end>'])
  })

  it('begin with what comes first only where that is asked for', () => {
    const memo = memoOf(['<end>'])
    const text = `${long('a')}<end>`
    expect(memo.tokenize(text, WHOLE)).toEqual([BOS, ...memo.tokenize(text, { ...WHOLE, addSpecial: false })])
    expect(asked).toEqual(['', text])
  })

  it('come whole where nothing says where a text may be cut', () => {
    const text = `${long('a')}<end>${long('b')}`
    const memo = memoOf([])
    expect(memo.tokenize(text, WHOLE)).toEqual(memo.tokenize(text, WHOLE))
    expect(asked).toEqual(['', text, ''])
  })

  it('come from the engine where a part may have others, where marks are plain text, or where the text is short', () => {
    const text = `${long('a')}<end>${long('b')}`
    memoOf(undefined).tokenize(text, WHOLE)
    memoOf(['<end>']).tokenize(text, { addSpecial: true, parseSpecial: false })
    memoOf(['<end>']).tokenize('a<end>b', WHOLE)
    expect(asked).toEqual([text, text, 'a<end>b'])
  })

  it('are forgotten from the one that was used longest ago', () => {
    const segments = ['a', 'b', 'c'].map((word) => `${long(word)}<end>`)
    const [first, second, third] = segments as [string, string, string]
    const memo = memoOf(['<end>'], 2 * (first.length + 1))
    for (const segment of [first, second, first, third]) memo.tokenize(segment, WHOLE)
    asked = []
    for (const segment of [first, third, second]) memo.tokenize(segment, { ...WHOLE, addSpecial: false })
    expect(asked).toEqual([second])
  })

  it('are not kept of a segment that is larger than all there may be', () => {
    const memo = memoOf(['<end>'], 100)
    const inner = { ...WHOLE, addSpecial: false }
    expect(memo.tokenize(`${long('a')}<end>`, inner)).toEqual(memo.tokenize(`${long('a')}<end>`, inner))
    expect(asked).toHaveLength(2)
  })

  it('are those of the text where half a character stands in it', () => {
    const memo = memoOf(['<end>'])
    const text = `${long('a')}\ud800<end>`
    expect(memo.tokenize(text, WHOLE)).toEqual(memo.tokenize(text, WHOLE))
    expect(memo.tokenize(text.replace('\ud800', '\ufffd'), WHOLE)).not.toEqual(memo.tokenize(text, WHOLE))
  })
})
