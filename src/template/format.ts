// Go's fmt: how values print, and the verbs of printf. Verbs that do not fit a value print `%!verb(type=value)`, as in Go.

import { AppError } from '../base/errors.ts'
import { entriesOf, GoValue, itemsOf, kindOf, toJsonText, typeNameOf, type Value } from './value.ts'

/** A template must not fill the memory by a width. */
const MAX_WIDTH = 10_000
const MAX_PRINT_DEPTH = 500

interface Verb {
  letter: string
  plus: boolean
  /** %+v: structs with the names of their fields. */
  names: boolean
  minus: boolean
  sharp: boolean
  space: boolean
  zero: boolean
  width: number | undefined
  precision: number | undefined
}

const DIRECTIVE = /%([+\-# 0]*)(\*|\d+)?(?:\.(\*|\d*))?(?:\[(\d+)\])?([\s\S])?/gu
const PLAIN: Verb = {
  letter: 'v',
  plus: false,
  names: false,
  minus: false,
  sharp: false,
  space: false,
  zero: false,
  width: undefined,
  precision: undefined,
}

/** fmt.Sprint of one value: what `{{ . }}` shows, but for no value at all. */
export function printValue(value: Value): string {
  return typeof value === 'string' ? value : formatValue(value, PLAIN, 0)
}

/** fmt.Sprint: a space between neighbours of which neither is a string. */
export function printAll(values: readonly Value[]): string {
  return values
    .map((value, index) => {
      const isApart = index > 0 && typeof value !== 'string' && typeof values[index - 1] !== 'string'
      return (isApart ? ' ' : '') + printValue(value)
    })
    .join('')
}

/** fmt.Sprintf. */
export function formatText(format: string, values: readonly Value[]): string {
  let next = 0
  const text = format.replace(DIRECTIVE, (_, flags: string, width?: string, precision?: string, index?: string, letter?: string) => {
    if (letter === undefined) return '%!(NOVERB)'
    if (letter === '%') return '%'
    const star = (text: string | undefined): number | undefined => {
      if (text !== '*') return text === undefined ? undefined : Number(text)
      const value = values[next++]
      return typeof value === 'bigint' ? Number(value) : Number.POSITIVE_INFINITY
    }
    const verb: Verb = {
      letter,
      plus: flags.includes('+') && letter !== 'v',
      names: flags.includes('+') && letter === 'v',
      minus: flags.includes('-'),
      sharp: flags.includes('#'),
      space: flags.includes(' '),
      zero: flags.includes('0') && !flags.includes('-'),
      width: star(width),
      precision: star(precision),
    }
    const bad = checkSizes(verb)
    if (index !== undefined) next = Number(index) - 1
    if (next >= values.length || next < 0) return `${bad}%!${letter}(${index === undefined ? 'MISSING' : 'BADINDEX'})`
    return bad + formatValue(values[next++], verb, 0)
  })
  if (next >= values.length || format.includes('[')) return text
  const extra = values
    .slice(next)
    .map((value) => (value === undefined || value === null ? '<nil>' : `${typeNameOf(value)}=${printValue(value)}`))
  return `${text}%!(EXTRA ${extra.join(', ')})`
}

/** Takes sizes away that are too large, and tells Go's complaint. */
function checkSizes(verb: Verb): string {
  let complaint = ''
  if (verb.width !== undefined && verb.width < 0) {
    verb.minus = true
    verb.width = -verb.width
  }
  if (verb.width !== undefined && verb.width > MAX_WIDTH) {
    verb.width = undefined
    complaint = '%!(BADWIDTH)'
  }
  if (verb.precision !== undefined && (verb.precision < 0 || verb.precision > MAX_WIDTH)) {
    verb.precision = undefined
    complaint += '%!(BADPREC)'
  }
  return complaint
}

function formatValue(value: Value, verb: Verb, depth: number): string {
  if (depth > MAX_PRINT_DEPTH) throw new AppError('template_error', `template: the value nests deeper than ${MAX_PRINT_DEPTH} levels`)
  if (verb.letter === 'T') return pad(typeNameOf(value), verb)
  if (value === undefined || value === null) return verb.letter === 'v' || depth > 0 ? pad('<nil>', verb) : `%!${verb.letter}(<nil>)`
  if (verb.sharp && verb.letter === 'v') return pad(typeof value === 'string' ? quoteGo(value) : toJsonText(value), verb)
  switch (typeof value) {
    case 'boolean':
      return verb.letter === 'v' || verb.letter === 't' ? pad(String(value), verb) : mismatch(value, verb)
    case 'bigint':
      return formatInteger(value, verb)
    case 'number':
      return formatFloat(value, verb)
    case 'string':
      return formatString(value, verb)
  }
  if (value instanceof GoValue && value.text && 'vsqxX'.includes(verb.letter)) return formatString(value.text(), verb)
  if (value instanceof Uint8Array && 'sqxX'.includes(verb.letter)) return formatString(Buffer.from(value).toString('latin1'), verb)
  return formatParts(value, verb, depth)
}

function formatParts(value: Value, verb: Verb, depth: number): string {
  const items = itemsOf(value)
  if (items) return `[${items.map((item) => formatValue(item, verb, depth + 1)).join(' ')}]`
  if (kindOf(value) === 'struct') {
    const fields = Object.entries((value as GoValue).content as { readonly [key: string]: Value })
    return `{${fields.map(([name, field]) => (verb.names ? `${name}:` : '') + formatValue(field, verb, depth + 1)).join(' ')}}`
  }
  const entries = entriesOf(value) ?? []
  return `map[${entries.map(([key, item]) => `${formatString(key, verb)}:${formatValue(item, verb, depth + 1)}`).join(' ')}]`
}

function formatString(value: string, verb: Verb): string {
  const cut = verb.precision === undefined ? value : [...value].slice(0, verb.precision).join('')
  switch (verb.letter) {
    case 'v':
    case 's':
      return pad(cut, verb)
    case 'q':
      return pad(verb.sharp && !cut.includes('`') ? `\`${cut}\`` : quoteGo(cut), verb)
    case 'x':
      return pad(Buffer.from(cut).toString('hex'), verb)
    case 'X':
      return pad(Buffer.from(cut).toString('hex').toUpperCase(), verb)
    default:
      return mismatch(value, verb)
  }
}

function formatInteger(value: bigint, verb: Verb): string {
  const bases: Readonly<Record<string, number>> = { v: 10, d: 10, b: 2, o: 8, O: 8, x: 16, X: 16 }
  const base = bases[verb.letter]
  if (base !== undefined) {
    const digits = (value < 0n ? -value : value).toString(base).padStart(verb.precision ?? 0, '0')
    const prefix = verb.letter === 'O' ? '0o' : verb.sharp ? ({ x: '0x', X: '0X', o: '0', b: '0b' }[verb.letter] ?? '') : ''
    return padNumber(value < 0n, prefix + (verb.letter === 'X' ? digits.toUpperCase() : digits), verb)
  }
  const isCharacter = value >= 0n && value <= 0x10ffffn
  const character = isCharacter ? String.fromCodePoint(Number(value)) : '\uFFFD'
  if (verb.letter === 'c') return pad(character, verb)
  if (verb.letter === 'q') return pad(`'${character === "'" ? "\\'" : quoteGo(character).slice(1, -1).replace('\\"', '"')}'`, verb)
  if (verb.letter === 'U') return pad(`U+${value.toString(16).toUpperCase().padStart(4, '0')}`, verb)
  return mismatch(value, verb)
}

function formatFloat(value: number, verb: Verb): string {
  const isNegative = value < 0 || Object.is(value, -0)
  const size = Math.abs(value)
  if (!'vgGeEfF'.includes(verb.letter)) return mismatch(value, verb)
  if (!Number.isFinite(size)) return pad(Number.isNaN(size) ? 'NaN' : `${isNegative ? '-' : '+'}Inf`, verb)
  return padNumber(isNegative, floatDigits(size, verb), verb)
}

function floatDigits(size: number, verb: Verb): string {
  const { letter, precision } = verb
  if (letter === 'f' || letter === 'F') return toFixed(size, precision ?? 6)
  if (letter === 'e' || letter === 'E') return fixExponent(size.toExponential(Math.min(precision ?? 6, 100)), letter)
  const [mantissa = '0', exponentText = '0'] = (
    precision === undefined ? size.toExponential() : size.toExponential(Math.min(Math.max(precision - 1, 0), 100))
  ).split('e')
  const exponent = Number(exponentText)
  const limit = precision === undefined ? 6 : Math.max(precision, 1)
  const shortest = mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa
  if (size !== 0 && (exponent < -4 || exponent >= limit)) return fixExponent(`${shortest}e${exponentText}`, letter === 'G' ? 'E' : 'e')
  const digits = shortest.replace('.', '')
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`
  if (digits.length <= exponent + 1) return digits.padEnd(exponent + 1, '0')
  return `${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`
}

function toFixed(size: number, precision: number): string {
  // toFixed gives up at 1e21; such a number is an integer.
  const text = size < 1e21 ? size.toFixed(Math.min(precision, 100)) : `${BigInt(size)}${precision > 0 ? `.${'0'.repeat(precision)}` : ''}`
  return text
}

/** Go writes at least two digits of the exponent. */
function fixExponent(text: string, letter: string): string {
  return text.replace(/e([+-]?)(\d+)$/, (_, sign: string, digits: string) => `${letter}${sign || '+'}${digits.padStart(2, '0')}`)
}

function padNumber(isNegative: boolean, digits: string, verb: Verb): string {
  const sign = isNegative ? '-' : verb.plus ? '+' : verb.space ? ' ' : ''
  const text = verb.zero ? digits.padStart((verb.width ?? 0) - sign.length, '0') : digits
  return pad(sign + text, { ...verb, zero: false })
}

function pad(text: string, verb: Verb): string {
  if (verb.width === undefined) return text
  const missing = verb.width - [...text].length
  if (missing <= 0) return text
  return verb.minus ? text + ' '.repeat(missing) : (verb.zero ? '0' : ' ').repeat(missing) + text
}

function mismatch(value: Value, verb: Verb): string {
  return `%!${verb.letter}(${typeNameOf(value)}=${printValue(value)})`
}

/** strconv.Quote. */
export function quoteGo(text: string): string {
  const escapes: Readonly<Record<string, string>> = {
    '"': '\\"',
    '\\': '\\\\',
    '\x07': '\\a',
    '\b': '\\b',
    '\f': '\\f',
    '\n': '\\n',
    '\r': '\\r',
    '\t': '\\t',
    '\v': '\\v',
  }
  const body = text.replace(/["\\]|[\p{C}\p{Z}]/gu, (character) => {
    if (character === ' ') return ' '
    const known = escapes[character]
    if (known !== undefined) return known
    const code = character.codePointAt(0) ?? 0
    if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`
    return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`
  })
  return `"${body}"`
}
