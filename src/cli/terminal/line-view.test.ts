import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createScreen } from '../testing/screen.ts'
import { createKeyDecoder } from './keys.ts'
import { startLine, stepLine } from './line-editor.ts'
import { createLineView } from './line-view.ts'

const SHAPE = { prompt: '>>> ', continuation: '... ', placeholder: 'Send', grey: '' }

function draw(keys: string, columns = 20, rows = 24) {
  const screen = createScreen(columns)
  const view = createLineView(SHAPE, () => ({ columns, rows }))
  let state = startLine([])
  screen.write(view.draw(state))
  for (const key of createKeyDecoder().decode(keys)) {
    state = stepLine(state, key, []).state
    screen.write(view.draw(state))
  }
  return { screen, view, state }
}

describe('the line view', () => {
  it('shows the placeholder with the cursor before it while nothing is typed', () => {
    const { screen } = draw('')
    expect(screen.rows).toEqual(['>>> Send'])
    expect(screen.cursor).toEqual({ row: 0, column: 4 })
    expect(draw('a\x7f').screen.rows).toEqual(['>>> Send'])
    expect(draw('a').screen.rows).toEqual(['>>> a'])
  })

  it('goes on in another row when one is full', () => {
    const { screen } = draw('0123456789abcdefXY')
    expect(screen.rows).toEqual(['>>> 0123456789abcdef', '... XY'])
    expect(screen.cursor).toEqual({ row: 1, column: 6 })
  })

  it('gives the cursor a row of its own behind a full one', () => {
    const { screen } = draw('0123456789abcdef')
    expect(screen.rows).toEqual(['>>> 0123456789abcdef', '...'])
    expect(screen.cursor).toEqual({ row: 1, column: 4 })
  })

  it('does not cut a wide character in half', () => {
    expect(draw('0123456789abcde\u65e5').screen.rows).toEqual(['>>> 0123456789abcde', '... \u65e5'])
  })

  it('shows lines and tabs', () => {
    const { screen } = draw('\x1b[200~a\n\tb\x1b[201~')
    expect(screen.rows).toEqual(['>>> a', '...         b'])
  })

  it('shows the rows around the cursor when the terminal is too low, and all of them at the end', () => {
    const { screen, view, state } = draw('\x1b[200~1\n2\n3\n4\n5\x1b[201~', 20, 4)
    expect(screen.rows).toEqual(['... 3', '... 4', '... 5'])
    screen.write(view.finish(state))
    expect(screen.rows).toEqual(['>>> 1', '... 2', '... 3', '... 4', '... 5', ''])
  })

  it('cuts a placeholder that the terminal would break', () => {
    expect(draw('', 8).screen.rows).toEqual(['>>> Se…'])
  })

  it.each([
    ['0123456789abcdefXY', 20, 13, ['>>> 012345678', '... 9abcdefXY', '...']],
    ['0123456789abcdefXY\x1b[D\x1b[D\x1b[D', 20, 12, ['>>> 01234567', '... 89abcdef', '... XY']],
    ['0123', 20, 40, ['>>> 0123']],
    ['', 20, 6, ['>>> …']],
  ])('draws %j again when %d columns become %d', (keys, before, after, rows) => {
    let columns = before
    const view = createLineView(SHAPE, () => ({ columns, rows: 24 }))
    const screen = createScreen(before)
    let state = startLine([])
    screen.write(`above\r\n${view.draw(state)}`)
    for (const key of createKeyDecoder().decode(keys)) {
      state = stepLine(state, key, []).state
      screen.write(view.draw(state))
    }
    columns = after
    screen.narrow(after)
    screen.write(view.draw(state))
    expect(screen.rows).toEqual(['above', ...rows])
  })

  it('leaves nothing behind when it is erased', () => {
    const { screen, view } = draw('0123456789abcdefXY')
    screen.write(view.erase())
    expect(screen.rows).toEqual([''])
  })

  it('shows after any keys what a fresh view would show', () => {
    const key = fc.constantFrom(
      'a',
      'bc ',
      '\u65e5',
      'e\u0301',
      '\x1b[D',
      '\x1b[C',
      '\x1b[A',
      '\x7f',
      '\x01',
      '\x05',
      '\x17',
      '\x1b[200~x\ny\x1b[201~',
      '0123456789',
    )
    fc.assert(
      fc.property(fc.array(key, { maxLength: 30 }), (keys) => {
        const { screen, state } = draw(keys.join(''), 12)
        const fresh = createScreen(12)
        fresh.write(createLineView(SHAPE, () => ({ columns: 12, rows: 24 })).draw(state))
        expect(screen.rows).toEqual(fresh.rows)
        expect(screen.cursor).toEqual(fresh.cursor)
      }),
    )
  })
})
