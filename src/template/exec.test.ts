import { describe, expect, test } from 'vitest'
import { AppError } from '../base/errors.ts'
import { executeTemplate, MAX_DEPTH, MAX_STEPS } from './exec.ts'
import { parseTemplate, type Template } from './parse.ts'
import type { Value } from './value.ts'

const DATA: Value = {
  a: 'héllo',
  n: 3,
  half: 2.5,
  big: 1e21,
  small: 0.00001,
  yes: true,
  nothing: null,
  list: ['x', 'y', 1, null, { k: 'v' }],
  empty: [],
  m: { b: 2, a: 1, c: { d: 'e' } },
  odd: '<b>"&\'=',
}

/** As parsed, but without the response that every template ends with. */
function parse(text: string): Template {
  const template = parseTemplate(text)
  if (!template.identifiers.has('messages') && !template.identifiers.has('response')) template.root.nodes.pop()
  return template
}

function run(text: string, options: { missingKey?: 'zero' | 'nothing' } = {}): string {
  try {
    return executeTemplate(parse(text), DATA, { nowMs: () => new Date(2024, 1, 29, 12).getTime(), ...options })
  } catch (error) {
    if (error instanceof AppError && error.code === 'template_error') return `ERROR ${error.message}`
    throw error
  }
}

// What Go 1.26's text/template prints for the same template and data.
describe('executeTemplate agrees with Go', () => {
  test.each([
    ['{{.nope}} {{.nothing}}', '<no value> <no value>'],
    ['{{.m.c.d}}{{(.m).b}}', 'e2'],
    ['{{(.nope).x}}', '<no value>'],
    [
      '{{.list}} {{.m}} {{.empty}} {{.n}} {{.half}} {{.big}} {{.small}} {{.yes}}',
      '[x y 1 <nil> map[k:v]] map[a:1 b:2 c:map[d:e]] [] 3 2.5 1e+21 1e-05 true',
    ],
    ['{{print .a .n 2.5 true "x" 1 2 nil}}', 'héllo3 2.5 truex1 2 <nil>'],
    ['{{println .a 1}}', 'héllo 1\n'],
    ['{{len .a}}{{len .list}}{{len .m}}', '653'],
    ['{{index .list 1}}{{index .m "b"}}{{index .m "c" "d"}}{{index .a 1}}', 'y2e195'],
    ['{{slice .a 1 3}}{{slice .list 1 2}}', 'é[y]'],
    [
      '{{printf "%s|%d|%v|%q|%t|%5.2f|%-5d|%05d|%x|%c" .a 1 .m .a true 1.5 3 42 "ab" 65}}',
      'héllo|1|map[a:1 b:2 c:map[d:e]]|"héllo"|true| 1.50|3    |00042|6162|A',
    ],
    ['{{printf "%d" "x"}}{{printf "%d %d" 1}}{{printf "%d" 1 2}}{{printf "%"}}', '%!d(string=x)1 %!d(MISSING)1%!(EXTRA int=2)%!(NOVERB)'],
    ['{{printf "%v %v %v" 1e6 123456.0 nil}}', '1e+06 123456 <nil>'],
    ['{{printf "%e|%g|%8.3f|%+d|%U|%#v|%T" 12345.678 1e-7 3.14159 5 66 "a" 1}}', '1.234568e+04|1e-07|   3.142|+5|U+0042|"a"|int'],
    ['{{html .odd}} {{js .odd}} {{urlquery "a b&c/é"}}', '&lt;b&gt;&#34;&amp;&#39;= \\u003Cb\\u003E\\"\\u0026\\\'\\u003D a+b%26c%2F%C3%A9'],
    ['{{json .odd}}{{json .m}}{{json .list}}', '"\\u003cb\\u003e\\"\\u0026\'="{"a":1,"b":2,"c":{"d":"e"}}["x","y",1,null,{"k":"v"}]'],
    ['{{if .nope}}1{{else if .a}}3{{else}}2{{end}}', '3'],
    ['{{with .nope}}a{{else with .m}}{{.a}}{{end}}{{with $x := .m}}{{$x.b}}{{end}}', '12'],
    ['{{range $i,$e := .list}}{{$i}}={{$e}};{{end}}', '0=x;1=y;2=1;3=<no value>;4=map[k:v];'],
    ['{{range $k,$v := .m}}{{$k}};{{end}}{{range .m}}{{.}};{{end}}', 'a;b;c;1;2;map[d:e];'],
    ['{{range .empty}}x{{else}}none{{end}}{{range .nothing}}x{{else}}none{{end}}', 'nonenone'],
    ['{{range 3}}{{.}}{{end}}{{range $i := 2}}{{$i}}{{end}}', '01201'],
    ['{{range .list}}{{if eq . "y"}}{{break}}{{end}}{{.}}{{end}}', 'x'],
    ['{{range $i,$e := .list}}{{if eq $i 1}}{{continue}}{{end}}{{$e}},{{end}}', 'x,1,<no value>,map[k:v],'],
    ['{{$x := 1}}{{if true}}{{$x = 2}}{{$x := 3}}{{$x}}{{end}}{{$x}}', '32'],
    [
      '{{define "T"}}<{{.}}{{$}}>{{end}}{{template "T" .a}}{{template "T"}}{{block "B" .m}}{{.b}}{{end}}',
      '<héllohéllo><<no value><no value>>2',
    ],
    ['{{and 1 0}}{{and 1 2}}{{or 0 "" "z"}}{{or 0 ""}}{{not 1}}{{not .nope}}', '02zfalsetrue'],
    ['{{or .a (index .list 99)}}', 'héllo'],
    [
      '{{eq 1 2 3 1}}{{ne 1 2}}{{lt 1 2}}{{le 2 2}}{{gt 1 2}}{{ge 2 2}}{{lt "a" "b"}}{{eq .nope "x"}}{{eq .nope nil}}',
      'truetruetruetruefalsetruetruefalsetrue',
    ],
    ['{{.a | printf "%s-%s" "x" | len}}{{"q" | print | printf "%q"}}', '8"q"'],
    ['{{`raw "x"`}}{{\'a\'}}{{0x1F}}{{1_000}}{{1e3}}{{.5}}{{-3}}{{0b11}}{{017}}', 'raw "x"973110001000' + '0.5-3315'],
    ['{{"\\u00e9\\x41\\101\\xc3\\xa9"}}', 'éAAé'],
    ['{{currentDate}} {{yesterdayDate "x"}}', '2024-02-29 2024-02-28'],
    ['{{toTypeScriptType .a}}', 'any'],
  ])('%s', (text, expected) => {
    expect(run(text)).toBe(expected)
  })

  test.each([
    ['{{.nope.x}}', ':1:7', '.nope.x', 'nil pointer evaluating interface {}.x'],
    ['{{.a.b}}', ':1:4', '.a.b', "can't evaluate field b in type interface {}"],
    ['{{range .list}}{{with .}}{{.x}}{{end}}{{end}}', ':1:27', '.x', "can't evaluate field x in type string"],
    ['é\n  {{slice .a 1 99}}', ':2:4', 'slice .a 1 99', 'error calling slice: index out of range: 99'],
    ['é{{len 3}}', ':1:4', 'len 3', 'error calling len: len of type int'],
    ['{{len .nothing}}', ':1:2', 'len .nothing', 'error calling len: len of nil pointer'],
    ['{{index .nothing 1}}', ':1:2', 'index .nothing 1', 'error calling index: index of untyped nil'],
    ['{{slice .list 3 1}}', ':1:2', 'slice .list 3 1', 'error calling slice: invalid slice index: 3 > 1'],
    ['{{eq .n 3}}', ':1:2', 'eq .n 3', 'error calling eq: incompatible types for comparison: float64 and int'],
    ['{{eq 1}}', ':1:2', 'eq 1', 'error calling eq: missing argument for comparison'],
    ['{{lt .yes .yes}}', ':1:2', 'lt .yes .yes', 'error calling lt: invalid type for comparison'],
    ['{{not 1 2}}', ':1:2', 'not', 'wrong number of args for not: want 1 got 2'],
    ['{{and}}', ':1:2', 'and', 'wrong number of args for and: want at least 1 got 0'],
    ['{{range .a}}{{end}}', ':1:8', '.a', "range can't iterate over héllo"],
    ['{{range $i,$j := 3}}{{end}}', ':1:17', '3', "can't use 3 to iterate over more than one variable"],
    ['{{.a 1}}', ':1:2', '.a', 'a is not a method but has arguments'],
    ['{{"a" 1}}', ':1:2', '"a"', 'can\'t give argument to non-function "a"'],
    ['{{nil}}', ':1:2', 'nil', 'nil is not a command'],
    ['{{printf 1}}', ':1:9', '1', 'expected string; found 1'],
    ['{{printf .n}}', ':1:9', '.n', 'wrong type for value; expected string; got float64'],
    ['{{template "no"}}', ':1:11', '{{template "no"}}', 'template "no" not defined'],
  ])('%s fails at its place', (text, place, expression, problem) => {
    expect(run(text)).toBe(`ERROR template: ${place}: executing "" at <${expression}>: ${problem}`)
  })

  test('names the template that fails inside another', () => {
    expect(run('{{define "t"}}{{len 1}}{{end}}{{template "t"}}')).toContain('executing "t" at <len 1>')
  })
})

describe('executeTemplate is bounded', () => {
  test('fields of a missing key are nothing where that is asked for', () => {
    expect(run('{{.nope.x}}', { missingKey: 'nothing' })).toBe('<no value>')
  })

  test('stops a template that calls itself for ever', () => {
    expect(run('{{define "r"}}{{template "r"}}{{end}}{{template "r"}}')).toContain(`exceeded maximum template depth (${MAX_DEPTH})`)
  })

  test('bears the deepest nesting inside templates that call each other', () => {
    const body = '{{if true}}'.repeat(90)
    expect(run(`{{define "r"}}${body}{{template "r"}}${'{{end}}'.repeat(90)}{{end}}{{template "r"}}`)).toContain('maximum template depth')
  })

  test('stops a loop that never ends in a lifetime', () => {
    expect(run('{{range 1000000000000}}{{end}}')).toContain(`takes more than ${MAX_STEPS} steps`)
  })

  test('stops a text that doubles itself', () => {
    expect(run('{{$x := "0123456789"}}{{range 64}}{{$x = print $x $x}}{{end}}')).toContain('the text is longer than')
  })

  test('does not pad to absurd widths', () => {
    expect(run('{{printf "%999999999d" 1}}')).toBe('%!(BADWIDTH)1')
  })

  test('refuses a value that nests deeper than it can print', () => {
    let deep: Value = 1
    for (let level = 0; level < 100_000; level++) deep = [deep]
    const runDeep = (text: string): string => executeTemplate(parse(text), { deep }, { nowMs: () => 0 })
    expect(() => runDeep('{{.deep}}')).toThrow(AppError)
    expect(() => runDeep('{{json .deep}}')).toThrow(AppError)
  })

  test('reads no properties that objects inherit', () => {
    expect(run('{{.constructor}}{{.m.toString}}{{.__proto__}}')).toBe('<no value><no value><no value>')
  })
})
