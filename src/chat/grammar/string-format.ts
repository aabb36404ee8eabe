// The formats of JSON Schema strings that can be written down as a grammar. Unknown formats are annotations and say nothing.

import { choice, type Expression, optional, repeat, sequence, set } from './expression.ts'

export interface StringFormat {
  content: Expression
  minLength: number
  maxLength: number
}

const DIGIT = set('09')
const HEX = set('09', 'af', 'AF')
const ALPHANUMERIC = set('az', '09')
const digits = (count: number) => repeat(DIGIT, count, count)
const hex = (count: number) => repeat(HEX, count, count)

/** Formats that JSON Schema defines and that we do not express. */
const REFUSED = new Set([
  'idn-email',
  'idn-hostname',
  'iri',
  'iri-reference',
  'uri-reference',
  'uri-template',
  'json-pointer',
  'relative-json-pointer',
  'regex',
])

const FORMATS: Readonly<Record<string, () => StringFormat>> = {
  date: () => ({ content: date(), minLength: 10, maxLength: 10 }),
  time: () => ({ content: time(), minLength: 9, maxLength: 18 }),
  'date-time': () => ({ content: sequence(date(), 'T', time()), minLength: 20, maxLength: 29 }),
  duration: () => ({ content: duration(), minLength: 3, maxLength: 32 }),
  uuid: () => ({ content: sequence(hex(8), '-', hex(4), '-', hex(4), '-', hex(4), '-', hex(12)), minLength: 36, maxLength: 36 }),
  ipv4: () => ({ content: ipv4(), minLength: 7, maxLength: 15 }),
  ipv6: () => ({ content: ipv6(), minLength: 2, maxLength: 39 }),
  hostname: () => ({ content: hostname(5), minLength: 1, maxLength: 245 }),
  email: () => ({ content: email(), minLength: 6, maxLength: 197 }),
  uri: () => ({ content: uri(), minLength: 8, maxLength: 842 }),
}

export function isRefusedFormat(name: string): boolean {
  return REFUSED.has(name)
}

/** Undefined for a name that is an annotation only. */
export function findStringFormat(name: string): StringFormat | undefined {
  return Object.hasOwn(FORMATS, name) ? FORMATS[name]?.() : undefined
}

function date(): Expression {
  const year = digits(4)
  const thirtyOne = sequence(choice(sequence('0', set('1', '3', '5', '7', '8')), sequence('1', set('0', '2'))), '-', day('31'))
  const thirty = sequence(choice(sequence('0', set('4', '6', '9')), '11'), '-', day('30'))
  const february = sequence('02-', choice(sequence('0', set('19')), sequence('1', DIGIT), sequence('2', set('08'))))
  return choice(sequence(year, '-', choice(thirtyOne, thirty, february)), sequence(leapYear(), '-02-29'))
}

function day(last: '30' | '31'): Expression {
  return choice(sequence('0', set('19')), sequence(set('12'), DIGIT), sequence('3', last === '31' ? set('01') : '0'))
}

/** Divisible by 4, by 100 only where by 400. */
function leapYear(): Expression {
  const byFour = choice(
    sequence('0', set('4', '8')),
    sequence(set('2', '4', '6', '8'), set('0', '4', '8')),
    sequence(set('1', '3', '5', '7', '9'), set('2', '6')),
  )
  return choice(sequence(digits(2), byFour), sequence(choice('00', byFour), '00'))
}

function time(): Expression {
  const hour = choice(sequence(set('01'), DIGIT), sequence('2', set('03')))
  const sixty = sequence(set('05'), DIGIT)
  const zone = choice('Z', sequence(set('+', '-'), hour, ':', sixty))
  return sequence(hour, ':', sixty, ':', sixty, optional('.', digits(3)), zone)
}

function duration(): Expression {
  const amount = repeat(DIGIT, 1, 4)
  const [hours, minutes, seconds] = [sequence(amount, 'H'), sequence(amount, 'M'), sequence(amount, 'S')]
  const times = sequence('T', choice(sequence(hours, optional(minutes, optional(seconds))), sequence(minutes, optional(seconds)), seconds))
  const [years, months, days] = [sequence(amount, 'Y'), sequence(amount, 'M'), sequence(amount, 'D')]
  const dates = choice(sequence(years, optional(months, optional(days))), sequence(months, optional(days)), days)
  return sequence('P', choice(sequence(dates, repeat(times, 0, 1)), times, sequence(amount, 'W')))
}

function ipv4(): Expression {
  const octet = choice(
    sequence('25', set('05')),
    sequence('2', set('04'), DIGIT),
    sequence('1', DIGIT, DIGIT),
    sequence(set('19'), DIGIT),
    DIGIT,
  )
  return sequence(octet, repeat(sequence('.', octet), 3, 3))
}

/** Eight groups, or fewer with one `::`. */
function ipv6(): Expression {
  const group = repeat(HEX, 1, 4)
  const full = sequence(group, repeat(sequence(':', group), 7, 7))
  const shortened = Array.from({ length: 7 }, (_, before) => {
    const head = before === 0 ? '' : sequence(group, repeat(sequence(':', group), before - 1, before - 1))
    return sequence(head, '::', optional(group, repeat(sequence(':', group), 0, 6 - before)))
  })
  return choice(full, ...shortened)
}

/** Labels of 40 characters at most, so that the whole stays below the 253 that DNS allows. */
function hostname(maxDots: number): Expression {
  const label = sequence(ALPHANUMERIC, optional(repeat(set('az', '09', '-'), 0, 38), ALPHANUMERIC))
  return sequence(label, repeat(sequence('.', label), 0, maxDots))
}

function email(): Expression {
  const word = repeat(set('az', 'AZ', '09', '_', '+', '-'), 1, 32)
  const domain = sequence(hostname(2), '.', repeat(set('az'), 2, 8))
  return sequence(word, repeat(sequence('.', word), 0, 1), '@', domain)
}

function uri(): Expression {
  const character = set('az', 'AZ', '09', '-', '.', '_', '~', '!', '$', '&', '+', ',', ';', '=', ':', '@')
  const port = optional(':', set('19'), repeat(DIGIT, 0, 3))
  const path = repeat(sequence('/', repeat(character, 0, 64)), 0, 6)
  const query = optional('?', repeat(character, 1, 128))
  const fragment = optional('#', repeat(character, 1, 64))
  return sequence('http', optional('s'), '://', hostname(5), port, path, query, fragment)
}
