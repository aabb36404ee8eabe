// Numbers between bounds, digit by digit. Bounded numbers have no exponent and at most 16 digits before the point; a bound beyond that is no
// bound (64-bit limits, which generators write into schemas) or lets nothing through.

import { choice, type Expression, nothing, optional, repeat, sequence, set, text } from './expression.ts'
import { MAX_DIGITS } from './json-rules.ts'

export interface Bound {
  value: number
  isExclusive: boolean
}

export interface Bounds {
  low?: Bound
  high?: Bound
}

/** Digits behind the point that follow a decided prefix. */
const MORE_DIGITS = repeat(set('09'), 0, MAX_DIGITS - 1)
const MORE_ZEROS = repeat(text('0'), 0, MAX_DIGITS - 1)
/** Digits of which one is not zero. */
const SOMETHING = sequence(MORE_ZEROS, set('19'), MORE_DIGITS)
const LARGEST = 10n ** BigInt(MAX_DIGITS) - 1n

export function integersBetween({ low, high }: Bounds): Expression {
  const from = low === undefined ? -LARGEST : toBigInt(low.isExclusive ? Math.floor(low.value) + 1 : Math.ceil(low.value))
  const to = high === undefined ? LARGEST : toBigInt(high.isExclusive ? Math.ceil(high.value) - 1 : Math.floor(high.value))
  return signed(clamp(from), clamp(to), (least, most) => naturalsBetween(least, most))
}

/** Undefined where a bound has more digits than we write. */
export function numbersBetween({ low, high }: Bounds): Expression | undefined {
  const from = toDecimal(low, -1)
  const to = toDecimal(high, 1)
  if (!from || !to) return undefined
  if (compare(from, to) > 0) return nothing
  const zero: Decimal = { negative: false, integer: 0n, fraction: '', isExclusive: false }
  const isBelowZero = to.integer === 0n && to.fraction === '' && to.isExclusive
  const leastNegative = to.negative ? to : { ...zero, isExclusive: isBelowZero }
  const negatives = from.negative ? sequence('-', magnitudesBetween(leastNegative, from)) : nothing
  const positives = to.negative ? nothing : magnitudesBetween(from.negative ? zero : from, to)
  return choice(negatives, positives)
}

function signed(from: bigint, to: bigint, between: (from: bigint, to: bigint) => Expression): Expression {
  if (from > to) return nothing
  const negatives = from < 0n ? sequence('-', between(to < 0n ? -to : 1n, -from)) : nothing
  return choice(negatives, to < 0n ? nothing : between(from < 0n ? 0n : from, to))
}

function clamp(value: bigint): bigint {
  if (value > LARGEST) return LARGEST + 1n
  return value < -LARGEST ? -LARGEST - 1n : value
}

function toBigInt(value: number): bigint {
  return BigInt(value)
}

function naturalsBetween(from: bigint, to: bigint): Expression {
  const least = String(from)
  const most = String(to > LARGEST ? LARGEST : to)
  if (from > LARGEST) return nothing
  if (least.length === most.length) return digitsBetween(least, most)
  const isWholeStart = least === '0' || /^10*$/.test(least)
  const isWholeEnd = /^9+$/.test(most)
  const start = least === '0' ? text('0') : isWholeStart ? nothing : digitsBetween(least, '9'.repeat(least.length))
  const firstWhole = isWholeStart ? least.length : least.length + 1
  const lastWhole = isWholeEnd ? most.length : most.length - 1
  const whole = firstWhole <= lastWhole ? sequence(set('19'), repeat(set('09'), firstWhole - 1, lastWhole - 1)) : nothing
  const end = isWholeEnd ? nothing : digitsBetween(`1${'0'.repeat(most.length - 1)}`, most)
  return choice(start, whole, end)
}

/** Both have the same length. */
function digitsBetween(least: string, most: string): Expression {
  let same = 0
  while (same < least.length && least[same] === most[same]) same++
  const prefix = text(least.slice(0, same))
  if (same === least.length) return prefix
  const [low, lowRest] = [Number(least[same]), least.slice(same + 1)]
  const [high, highRest] = [Number(most[same]), most.slice(same + 1)]
  const isWholeLow = /^0*$/.test(lowRest)
  const isWholeHigh = /^9*$/.test(highRest)
  const rest = lowRest.length
  const middle = digits(isWholeLow ? low : low + 1, isWholeHigh ? high : high - 1)
  return sequence(
    prefix,
    choice(
      isWholeLow ? nothing : sequence(String(low), digitsBetween(lowRest, '9'.repeat(rest))),
      sequence(middle, repeat(set('09'), rest, rest)),
      isWholeHigh ? nothing : sequence(String(high), digitsBetween('0'.repeat(rest), highRest)),
    ),
  )
}

function digits(from: number, to: number): Expression {
  if (from > to) return nothing
  return from === to ? text(String(from)) : set(`${from}${to}`)
}

interface Decimal {
  negative: boolean
  integer: bigint
  /** Without zeros at the end. */
  fraction: string
  isExclusive: boolean
}

/** A missing bound becomes the largest number we write. */
function toDecimal(bound: Bound | undefined, direction: -1 | 1): Decimal | undefined {
  const unbounded: Decimal = { negative: direction < 0, integer: LARGEST, fraction: '', isExclusive: false }
  if (bound === undefined || bound.value * direction > Number(LARGEST)) return unbounded
  const [mantissa = '', exponent = '0'] = Math.abs(bound.value).toString().split('e')
  const [whole = '', part = ''] = mantissa.split('.')
  const shift = Number(exponent)
  const all = shift < 0 ? `${'0'.repeat(-shift)}${whole}${part}` : `${whole}${part}${'0'.repeat(Math.max(0, shift - part.length))}`
  const point = shift < 0 ? whole.length : whole.length + shift
  const fraction = all.slice(point).replace(/0+$/, '')
  const integer = BigInt(all.slice(0, point))
  if (fraction.length > MAX_DIGITS || integer > LARGEST) return undefined
  return { negative: bound.value < 0, integer, fraction, isExclusive: bound.isExclusive }
}

function compare(a: Decimal, b: Decimal): number {
  const magnitude = (x: Decimal) => BigInt(`${x.integer}${x.fraction.padEnd(MAX_DIGITS, '0')}`) * (x.negative ? -1n : 1n)
  const difference = magnitude(a) - magnitude(b)
  if (difference !== 0n) return difference > 0n ? 1 : -1
  return a.isExclusive || b.isExclusive ? 1 : 0
}

/** Signs are the caller's. */
function magnitudesBetween(low: Decimal, high: Decimal): Expression {
  const [from, to] = [low.integer, high.integer]
  if (from === to) return sequence(String(from), fractionsBetween(low, high))
  const inner = from + 1n <= to - 1n ? sequence(naturalsBetween(from + 1n, to - 1n), optional('.', set('09'), MORE_DIGITS)) : nothing
  return choice(sequence(String(from), fractionsFrom(low)), inner, sequence(String(to), fractionsTo(high)))
}

function fractionsFrom({ fraction, isExclusive }: Decimal): Expression {
  if (fraction === '' && !isExclusive) return optional('.', set('09'), MORE_DIGITS)
  return sequence('.', digitsFrom(fraction, isExclusive))
}

function fractionsTo({ fraction, isExclusive }: Decimal): Expression {
  if (fraction !== '') return optional('.', digitsTo(fraction, isExclusive))
  return isExclusive ? nothing : optional('.', '0', MORE_ZEROS)
}

function fractionsBetween(low: Decimal, high: Decimal): Expression {
  const behindPoint = sequence('.', digitsWithin(low.fraction, high.fraction, low.isExclusive, high.isExclusive))
  const isWhole = low.fraction === '' && !low.isExclusive && (high.fraction !== '' || !high.isExclusive)
  return isWhole ? repeat(behindPoint, 0, 1) : behindPoint
}

/** One digit at least, unless the bound is used up. */
function digitsFrom(fraction: string, isExclusive: boolean): Expression {
  if (fraction === '') return isExclusive ? SOMETHING : MORE_DIGITS
  const digit = Number(fraction[0])
  return choice(sequence(digits(digit + 1, 9), MORE_DIGITS), sequence(String(digit), digitsFrom(fraction.slice(1), isExclusive)))
}

function digitsTo(fraction: string, isExclusive: boolean): Expression {
  const digit = Number(fraction[0])
  const rest = fraction.slice(1)
  const behind = rest === '' ? (isExclusive ? nothing : MORE_ZEROS) : optional(digitsTo(rest, isExclusive))
  return choice(sequence(digits(0, digit - 1), MORE_DIGITS), sequence(String(digit), behind))
}

/** One digit at least. */
function digitsWithin(low: string, high: string, excludesLow: boolean, excludesHigh: boolean): Expression {
  if (low === '' && high === '') return excludesLow || excludesHigh ? nothing : sequence('0', MORE_ZEROS)
  const [least, most] = [Number(low[0] ?? '0'), Number(high[0] ?? '0')]
  const [lowRest, highRest] = [low.slice(1), high.slice(1)]
  if (least === most) {
    const mayEnd = lowRest === '' && !excludesLow && (highRest !== '' || !excludesHigh)
    const more = digitsWithin(lowRest, highRest, excludesLow, excludesHigh)
    return sequence(String(least), mayEnd ? repeat(more, 0, 1) : more)
  }
  const toHigh = highRest === '' ? (excludesHigh ? nothing : MORE_ZEROS) : optional(digitsTo(highRest, excludesHigh))
  return choice(
    sequence(String(least), digitsFrom(lowRest, excludesLow)),
    sequence(digits(least + 1, most - 1), MORE_DIGITS),
    sequence(String(most), toHigh),
  )
}
