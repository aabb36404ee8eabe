import { describe, expect, it } from 'vitest'
import { createKeyDecoder } from './keys.ts'
import { type LineOutcome, type LineState, startLine, stepLine } from './line-editor.ts'

function type(keys: string, history: string[] = [], text = ''): { state: LineState; outcomes: LineOutcome[] } {
  let state = startLine(history, text)
  const outcomes: LineOutcome[] = []
  for (const key of createKeyDecoder().decode(keys)) {
    const step = stepLine(state, key, history)
    state = step.state
    if (step.outcome) outcomes.push(step.outcome)
  }
  return { state, outcomes }
}

/** The text with the cursor as a bar. */
const shown = (keys: string, history?: string[]) => {
  const { text, cursor } = type(keys, history).state
  return `${text.slice(0, cursor)}|${text.slice(cursor)}`
}

const LEFT = '\x1b[D'
const RIGHT = '\x1b[C'
const UP = '\x1b[A'
const DOWN = '\x1b[B'

describe('the line editor', () => {
  it.each([
    ['abc', 'abc|'],
    [`abc${LEFT}${LEFT}x`, 'ax|bc'],
    [`abc\x01x\x05y`, 'xabcy|'],
    [`abc${LEFT}\x7f`, 'a|c'],
    ['abc\x01\x1b[3~', '|bc'],
    ['abc\x01\x04', '|bc'],
    ['one two  \x17', 'one |'],
    ['one two\x1bb\x1bb\x1bf', 'one| two'],
    [`one two\x1bb\x0b`, 'one |'],
    [`one two\x1bb\x15`, '|two'],
    ['a\tb', `a${' '.repeat(8)}b|`],
    [`${LEFT}${RIGHT}\x7f\x1b[3~`, '|'],
    [`e\u0301x${LEFT}\x7f`, '|x'],
    [`\ud83d\udc69\u200d\ud83d\ude80${LEFT}a`, 'a|\ud83d\udc69\u200d\ud83d\ude80'],
  ])('turns %j into %j', (keys, text) => expect(shown(keys)).toBe(text))

  it('submits on Enter, from wherever the cursor stands', () => {
    expect(type(`hello${LEFT}\r`).outcomes).toEqual([{ type: 'submit', text: 'hello' }])
    expect(type('\r').outcomes).toEqual([{ type: 'submit', text: '' }])
  })

  it('keeps pasted line breaks and moves between lines', () => {
    const paste = '\x1b[200~first\nsecond\nx\x1b[201~'
    expect(shown(`${paste}${UP}`)).toBe('first\ns|econd\nx')
    expect(shown(`${paste}${UP}\x05${UP}`)).toBe('first|\nsecond\nx')
    expect(shown(`${paste}\x01\x7f`)).toBe('first\nsecond|x')
    expect(shown(`${paste}${UP}${UP}${DOWN}`)).toBe('first\ns|econd\nx')
    expect(type(`${paste}\r`).outcomes).toEqual([{ type: 'submit', text: 'first\nsecond\nx' }])
  })

  it('walks through the history and back to what was being typed', () => {
    const history = ['one', 'two']
    expect(shown(`dra${UP}`, history)).toBe('two|')
    expect(shown(`dra${UP}${UP}${UP}`, history)).toBe('one|')
    expect(shown(`dra${UP}${UP}${DOWN}${DOWN}${DOWN}`, history)).toBe('dra|')
    expect(shown('dra\x10\x10\x0e', history)).toBe('two|')
  })

  it('ends on Ctrl-D only when nothing is typed', () => {
    expect(type('\x04').outcomes).toEqual([{ type: 'end' }])
    expect(type('a\x04').outcomes).toEqual([])
  })

  it('drops the line on Ctrl-C', () => {
    const { state, outcomes } = type('abc\x03')
    expect(outcomes).toEqual([{ type: 'interrupt' }])
    expect(state.text).toBe('')
  })

  it('hands the text to the editor on Ctrl-G and passes Ctrl-L and Ctrl-Z on', () => {
    expect(type('abc\x07\x0c\x1a').outcomes).toEqual([{ type: 'edit', text: 'abc' }, { type: 'clear-screen' }, { type: 'suspend' }])
  })
})
