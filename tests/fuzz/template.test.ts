import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AppError } from '../../src/base/errors.ts'
import { executeTemplate } from '../../src/template/exec.ts'
import { parseJinja } from '../../src/template/jinja/parse.ts'
import { renderJinja } from '../../src/template/jinja/run.ts'
import { parseTemplate } from '../../src/template/parse.ts'
import { fuzzRuns } from '../support/fuzz-seed.ts'

const RUNS = fuzzRuns(300)

const GO_PIECES = [
  '{{',
  '}}',
  '{{- ',
  ' -}}',
  'if ',
  'range ',
  'with ',
  'else',
  'end',
  'define "t"',
  'template "t" ',
  'block "b" ',
  'break',
  '.Messages',
  '.Role',
  '.',
  '$',
  '$x := ',
  '$x',
  '|',
  '(',
  ')',
  '"a"',
  "'c'",
  '12',
  '1.5',
  'nil',
  'true',
  'eq ',
  'printf ',
  'index ',
  'slice ',
  'len ',
  'json ',
  '/* c */',
  ' ',
  'text',
  'é🚀',
  '`raw`',
  '=',
  ',',
]
const JINJA_PIECES = [
  '{{',
  '}}',
  '{%',
  '%}',
  '{#',
  '#}',
  '-%}',
  '{%-',
  'if ',
  'for x in ',
  'set x = ',
  'endif',
  'endfor',
  'endset',
  'else',
  'elif ',
  'macro m()',
  'endmacro',
  'messages',
  'x',
  '.role',
  '[0]',
  '[1:2]',
  '|',
  'tojson',
  'length',
  'join',
  'is ',
  'not ',
  'in ',
  'and ',
  '(',
  ')',
  '{',
  '}',
  '"a"',
  '1',
  '2.5',
  '+',
  '~',
  '*',
  ',',
  ':',
  ' ',
  'text',
  'é🚀',
  'none',
  'range(3)',
]

function failsOnlyAsTemplate(work: () => string): void {
  try {
    expect(typeof work()).toBe('string')
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'template_error')) throw error
  }
}

const sources = (pieces: string[]) =>
  fc.oneof(
    fc.string({ unit: 'binary' }),
    fc
      .array(fc.oneof({ weight: 20, arbitrary: fc.constantFrom(...pieces) }, fc.string()), { maxLength: 40 })
      .map((parts) => parts.join('')),
  )

describe('whatever a template says, it renders or fails as a template', () => {
  test('in Go', () => {
    fc.assert(
      fc.property(sources(GO_PIECES), fc.jsonValue({ maxDepth: 3 }), (source, value) => {
        const data = { Messages: [{ Role: 'user' }, value], Role: value }
        failsOnlyAsTemplate(() => executeTemplate(parseTemplate(source), data as never, { nowMs: () => 0 }))
      }),
      RUNS,
    )
  })

  test('in Jinja', () => {
    fc.assert(
      fc.property(sources(JINJA_PIECES), fc.jsonValue({ maxDepth: 3 }), (source, value) => {
        failsOnlyAsTemplate(() => renderJinja(parseJinja(source), { messages: [{ role: 'user' }, value], x: value }, { functions: {} }))
      }),
      RUNS,
    )
  })
})

describe('text without tags comes out as it is', () => {
  const plain = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('{'))

  test('in Go', () => {
    fc.assert(
      fc.property(plain, (text) => {
        expect(executeTemplate(parseTemplate(`${text}{{ .Response }}`), { Response: '' }, { nowMs: () => 0 })).toBe(text)
      }),
      RUNS,
    )
  })

  test('in Jinja, and data is never read as a template', () => {
    fc.assert(
      fc.property(plain, fc.string({ unit: 'binary' }), (text, value) => {
        expect(renderJinja(parseJinja(`${text}{{ x }}`), { x: value }, { functions: {} })).toBe(text + value)
      }),
      RUNS,
    )
  })
})
