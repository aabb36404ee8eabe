import { describe, expect, it } from 'vitest'
import { formatTable } from './table.ts'

/** Appendix D of the contract writes blanks as dots. */
const dotted = (text: string) => text.replaceAll(' ', '·')

describe('formatTable', () => {
  it('prints list as Ollama does', () => {
    const text = formatTable({
      header: ['NAME', 'ID', 'SIZE', 'MODIFIED'],
      rows: [
        ['llama3.2:latest', 'abababababab', '2.0 GB', '2 weeks ago'],
        ['gpt-oss:120b-cloud', 'cdcdcdcdcdcd', '-', '2 days ago'],
        ['z:1', 'cdcdcdcdcdcd', '0 B', 'Never'],
      ],
    })
    expect(dotted(text)).toBe(
      'NAME··················ID··············SIZE······MODIFIED····\n' +
        'llama3.2:latest·······abababababab····2.0·GB····2·weeks·ago····\n' +
        'gpt-oss:120b-cloud····cdcdcdcdcdcd····-·········2·days·ago·····\n' +
        'z:1···················cdcdcdcdcdcd····0·B·······Never··········\n',
    )
  })

  it('prints the header alone when there are no rows', () => {
    expect(formatTable({ header: ['NAME', 'ID', 'SIZE', 'MODIFIED'], rows: [] })).toBe('NAME    ID    SIZE    MODIFIED \n')
  })

  it('prints rows of unequal length without filling them up', () => {
    expect(
      formatTable({
        rows: [
          ['', 'a', 'bb'],
          ['', 'ccc'],
        ],
      }),
    ).toBe('    a      bb    \n    ccc    \n')
  })

  it('breaks a long cell into balanced lines, as Ollama does', () => {
    const license =
      'Licence line one which is rather long and has to be wrapped somewhere because it is much longer than one hundred columns, is it not?'
    expect(
      formatTable({
        rows: [
          ['', license],
          ['', 'two'],
        ],
        cellColumns: 100,
      }),
    ).toBe(
      '    Licence line one which is rather long and has to be wrapped somewhere because it is much longer than    \n' +
        `      one hundred columns, is it not?${' '.repeat(73)}\n` +
        `    two${' '.repeat(101)}\n`,
    )
  })

  it('keeps the room of a broken cell although its lines are shorter', () => {
    expect(formatTable({ rows: [['aaaa bbbb cccc dd']], cellColumns: 10 })).toBe('aaaa bbbb     \ncccc dd       \n')
  })

  it('does not cut a word that is wider than the cell', () => {
    expect(formatTable({ rows: [['x'.repeat(40)]], cellColumns: 30 })).toBe(`${'x'.repeat(40)}    \n`)
  })

  it('counts wide characters as two columns', () => {
    expect(formatTable({ rows: [['日本'], ['abcd']] })).toBe('日本    \nabcd    \n')
  })
})
