import { describe, expect, test } from 'vitest'
import { lexTemplate } from './lex.ts'

const words = (text: string): string[] => lexTemplate(text).map((token) => (token.text === '' ? token.type : `${token.type} ${token.text}`))

describe('lexTemplate', () => {
  test('keeps text outside actions byte for byte', () => {
    expect(words('a { } \n b')).toEqual(['text a { } \n b', 'end'])
  })

  test('trims white space where markers stand, on the side of the marker', () => {
    expect(words('a \n{{- 1 }} b')).toEqual(['text a', 'open {{', 'number 1', 'space  ', 'close }}', 'text  b', 'end'])
    expect(words('a {{ 1 -}} \n b')).toEqual(['text a ', 'open {{', 'space  ', 'number 1', 'close }}', 'text b', 'end'])
  })

  test('takes a minus without a space for the sign of a number', () => {
    expect(words('a {{-1}}')).toEqual(['text a ', 'open {{', 'number -1', 'close }}', 'end'])
  })

  test('drops comments, with trim markers too', () => {
    expect(words('a {{- /* {{ no }} */ -}} b')).toEqual(['text a', 'text b', 'end'])
  })

  test('cuts a chain of fields into its parts', () => {
    expect(words('{{$m.A.B}}').slice(1, 4)).toEqual(['variable $m', 'field .A', 'field .B'])
  })

  test.each([
    ['{{ .a', 'unclosed action'],
    ['{{/* a', 'unclosed comment'],
    ['{{/* a */ }}', 'comment ends before closing delimiter'],
    ['{{ "a }}', 'unterminated quoted string'],
    ['{{ `a }}', 'unterminated raw quoted string'],
    ["{{ 'a }}", 'unterminated character constant'],
    ['{{ (1 }}', 'unclosed left paren'],
    ['{{ 1) }}', 'unexpected right paren'],
    ['{{ 1a }}', 'bad number syntax: "1a"'],
    ['{{ .a+b }}', "bad character U+002B '+'"],
    ['{{ a : b }}', 'expected :='],
    ['{{ \u0001 }}', "unrecognized character in action: U+0001 '\u0001'"],
  ])('ends %s with an error', (text, problem) => {
    expect(lexTemplate(text).at(-1)).toMatchObject({ type: 'error', text: problem })
  })
})
