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

/** Digits that a double keeps apart: with more of them a number next to an excluded bound would be read as the bound. */
const EXACT_DIGITS = 15

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
  const decimals = [...(low ? [from] : []), ...(high ? [to] : [])]
  const longest = (part: (decimal: Decimal) => number) => Math.max(0, ...decimals.map(part))
  const furtherDigits = EXACT_DIGITS - longest((decimal) => String(decimal.integer).length) - longest((decimal) => decimal.fraction.length)
  if (furtherDigits < 1 && decimals.some((decimal) => decimal.isExclusive)) return undefined
  const writer = new MagnitudeWriter(Math.max(0, furtherDigits))
  const zero: Decimal = { negative: false, integer: 0n, fraction: '', isExclusive: false }
  const isBelowZero = to.integer === 0n && to.fraction === '' && to.isExclusive
  const leastNegative = to.negative ? to : { ...zero, isExclusive: isBelowZero }
  const negatives = from.negative ? sequence('-', writer.between(leastNegative, from)) : nothing
  const positives = to.negative ? nothing : writer.between(from.negative ? zero : from, to)
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

/** Decimals between two bounds, whose signs are the caller's. */
class MagnitudeWriter {
  /** Any digits, or zeros, behind a decided prefix. */
  readonly #digits: Expression
  readonly #zeros: Expression
  /** Digits of which one is not zero. */
  readonly #something: Expression
  readonly #anyFraction: Expression

  constructor(furtherDigits: number) {
    this.#digits = repeat(set('09'), 0, furtherDigits)
    this.#zeros = repeat(text('0'), 0, furtherDigits)
    this.#something = sequence(repeat(text('0'), 0, Math.max(0, furtherDigits - 1)), set('19'), this.#digits)
    this.#anyFraction = optional('.', set('09'), repeat(set('09'), 0, Math.max(0, furtherDigits - 1)))
  }

  between(low: Decimal, high: Decimal): Expression {
    const [from, to] = [low.integer, high.integer]
    if (from === to) return sequence(String(from), this.#fractionsBetween(low, high))
    const inner = from + 1n <= to - 1n ? sequence(naturalsBetween(from + 1n, to - 1n), this.#anyFraction) : nothing
    return choice(sequence(String(from), this.#fractionsFrom(low)), inner, sequence(String(to), this.#fractionsTo(high)))
  }

  #fractionsFrom({ fraction, isExclusive }: Decimal): Expression {
    return fraction === '' && !isExclusive ? this.#anyFraction : sequence('.', this.#digitsFrom(fraction, isExclusive))
  }

  #fractionsTo({ fraction, isExclusive }: Decimal): Expression {
    if (fraction !== '') return optional('.', this.#digitsTo(fraction, isExclusive))
    return isExclusive ? nothing : optional('.0', this.#zeros)
  }

  #fractionsBetween(low: Decimal, high: Decimal): Expression {
    const behindPoint = sequence('.', this.#digitsWithin(low, high))
    return mayEndWith(low, high) ? repeat(behindPoint, 0, 1) : behindPoint
  }

  /** One digit at least, unless the bound is used up. */
  #digitsFrom(fraction: string, isExclusive: boolean): Expression {
    if (fraction === '') return isExclusive ? this.#something : this.#digits
    const digit = Number(fraction[0])
    const equal = sequence(String(digit), this.#digitsFrom(fraction.slice(1), isExclusive))
    return choice(sequence(digits(digit + 1, 9), this.#digits), equal)
  }

  #digitsTo(fraction: string, isExclusive: boolean): Expression {
    const digit = Number(fraction[0])
    return choice(sequence(digits(0, digit - 1), this.#digits), sequence(String(digit), this.#behindHigh(fraction.slice(1), isExclusive)))
  }

  #behindHigh(rest: string, isExclusive: boolean): Expression {
    if (rest !== '') return optional(this.#digitsTo(rest, isExclusive))
    return isExclusive ? nothing : this.#zeros
  }

  /** One digit at least. */
  #digitsWithin(low: Fraction, high: Fraction): Expression {
    if (low.fraction === '' && high.fraction === '') return low.isExclusive || high.isExclusive ? nothing : sequence('0', this.#zeros)
    const [least, most] = [Number(low.fraction[0] ?? '0'), Number(high.fraction[0] ?? '0')]
    const [behindLow, behindHigh] = [
      { ...low, fraction: low.fraction.slice(1) },
      { ...high, fraction: high.fraction.slice(1) },
    ]
    if (least === most) {
      const more = this.#digitsWithin(behindLow, behindHigh)
      return sequence(String(least), mayEndWith(behindLow, behindHigh) ? repeat(more, 0, 1) : more)
    }
    return choice(
      sequence(String(least), this.#digitsFrom(behindLow.fraction, low.isExclusive)),
      sequence(digits(least + 1, most - 1), this.#digits),
      sequence(String(most), this.#behindHigh(behindHigh.fraction, high.isExclusive)),
    )
  }
}

type Fraction = Pick<Decimal, 'fraction' | 'isExclusive'>

/** Whether the digits written so far are a number between the bounds. */
function mayEndWith(low: Fraction, high: Fraction): boolean {
  return low.fraction === '' && !low.isExclusive && (high.fraction !== '' || !high.isExclusive)
}
