// A regular expression of a schema ("pattern") becomes the contents of a JSON string.
//
// As in JSON Schema a pattern may match anywhere, unless ^ and $ tie it down; they are understood at the ends of the whole pattern or of one of its
// outer alternatives. Refused, and not ignored: look-around, back references, \b, \p{…}, anchors elsewhere, a loop around something that may be
// empty. A character that JSON must escape is written in its usual escape.

import { type CodePointRange, choice, type Expression, nothing, optional, repeat, sequence, subtractRanges, text } from './expression.ts'

export type PatternNode =
  | { kind: 'set'; ranges: readonly CodePointRange[] }
  | { kind: 'sequence'; items: readonly PatternNode[] }
  | { kind: 'choice'; items: readonly PatternNode[] }
  | { kind: 'repeat'; item: PatternNode; min: number; max: number | undefined }

export const MAX_PATTERN_CHARACTERS = 4096
const MAX_NESTING = 50
const MAX_COUNT = 100_000

const LAST = 0x10ffff
const SURROGATES: CodePointRange = [0xd800, 0xdfff]
const DIGITS: readonly CodePointRange[] = [[0x30, 0x39]]
const WORDS: readonly CodePointRange[] = [...DIGITS, [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]]
const SPACES: readonly CodePointRange[] = [
  [0x09, 0x0d],
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
]
const LINE_ENDS: readonly CodePointRange[] = [
  [0x0a, 0x0a],
  [0x0d, 0x0d],
  [0x2028, 0x2029],
]

const CLASSES: Readonly<Record<string, readonly CodePointRange[]>> = {
  d: DIGITS,
  w: WORDS,
  s: SPACES,
  D: complementOf(DIGITS),
  W: complementOf(WORDS),
  S: complementOf(SPACES),
}
const CONTROLS: Readonly<Record<string, number>> = { t: 0x09, n: 0x0a, v: 0x0b, f: 0x0c, r: 0x0d, '0': 0 }

/** Control characters other than these are left out of "any character": nobody means them. */
const ESCAPES: readonly (readonly [codePoint: number, written: string])[] = [
  [0x22, '\\"'],
  [0x5c, '\\\\'],
  [0x0a, '\\n'],
  [0x0d, '\\r'],
  [0x09, '\\t'],
]

/** Thrown for a pattern that is no regular expression, or none that we express; the caller knows the place in the schema. */
export class PatternError extends Error {}

export function parsePattern(pattern: string): PatternNode {
  if (pattern.length > MAX_PATTERN_CHARACTERS) throw new PatternError('the pattern is too long')
  try {
    new RegExp(pattern, 'u')
  } catch (unicodeError) {
    if (!isRegExp(pattern)) throw new PatternError('the pattern is not a regular expression', { cause: unicodeError })
  }
  return new PatternReader(pattern).read()
}

/** Characters that a match may have. */
export function patternLength(node: PatternNode): { min: number; max: number } {
  switch (node.kind) {
    case 'set':
      return { min: 1, max: 1 }
    case 'sequence':
      return node.items.map(patternLength).reduce((sum, item) => ({ min: sum.min + item.min, max: sum.max + item.max }), { min: 0, max: 0 })
    case 'choice': {
      const lengths = node.items.map(patternLength)
      return { min: Math.min(...lengths.map((length) => length.min)), max: Math.max(...lengths.map((length) => length.max)) }
    }
    case 'repeat': {
      const { min, max } = patternLength(node.item)
      return { min: min * node.min, max: max === 0 ? 0 : max * (node.max ?? Number.POSITIVE_INFINITY) }
    }
  }
}

/** The contents of the JSON string. */
export function toExpression(node: PatternNode): Expression {
  switch (node.kind) {
    case 'set':
      return toCharacter(node.ranges)
    case 'sequence':
      return sequence(...node.items.map(toExpression))
    case 'choice': {
      const [empty, others] = [node.items.some(isEmpty), node.items.filter((item) => !isEmpty(item))]
      const expression = choice(...others.map(toExpression))
      return empty ? optional(expression) : expression
    }
    case 'repeat':
      return repeat(toExpression(node.item), node.min, node.max)
  }
}

function isEmpty(node: PatternNode): boolean {
  return node.kind === 'sequence' && node.items.length === 0
}

function toCharacter(ranges: readonly CodePointRange[]): Expression {
  const plain = subtractRanges(ranges, [[0, 0x1f], [0x22, 0x22], [0x5c, 0x5c], [0x7f, 0x7f], SURROGATES])
  const escaped = ESCAPES.filter(([codePoint]) => includes(ranges, codePoint)).map(([, written]) => text(written))
  const single = ranges.length === 1 && ranges[0]?.[0] === ranges[0]?.[1] ? ranges[0]?.[0] : undefined
  if (single !== undefined && plain.length > 0) return text(String.fromCodePoint(single))
  const other =
    single !== undefined && escaped.length === 0 && (single < 0x20 || single === 0x7f)
      ? [text(`\\u${single.toString(16).padStart(4, '0')}`)]
      : []
  return choice(plain.length > 0 ? { kind: 'set', ranges: plain } : nothing, ...escaped, ...other)
}

class PatternReader {
  readonly #characters: readonly string[]
  #position = 0
  #depth = 0

  constructor(pattern: string) {
    this.#characters = [...pattern]
  }

  read(): PatternNode {
    const anything: PatternNode = { kind: 'repeat', item: { kind: 'set', ranges: [[0, LAST]] }, min: 0, max: undefined }
    const alternatives: PatternNode[] = []
    do {
      const isStart = this.#take('^')
      const { node, isEnd } = this.#readSequence()
      alternatives.push({ kind: 'sequence', items: [...(isStart ? [] : [anything]), node, ...(isEnd ? [] : [anything])] })
    } while (this.#take('|'))
    if (this.#position < this.#characters.length) throw new PatternError('unbalanced parentheses')
    // `^(a|b)$` and `^a$|^b$` need no frame; a group around all anchors, `(^a$|^b$)`, is not understood.
    return alternatives.length === 1 && alternatives[0] ? alternatives[0] : { kind: 'choice', items: alternatives }
  }

  #peek(offset = 0): string | undefined {
    return this.#characters[this.#position + offset]
  }

  #take(character: string): boolean {
    if (this.#peek() !== character) return false
    this.#position++
    return true
  }

  #readSequence(): { node: PatternNode; isEnd: boolean } {
    const items: PatternNode[] = []
    while (this.#peek() !== undefined && this.#peek() !== '|' && this.#peek() !== ')') {
      if (this.#depth === 0 && this.#peek() === '$' && (this.#peek(1) === undefined || this.#peek(1) === '|')) {
        this.#position++
        return { node: { kind: 'sequence', items }, isEnd: true }
      }
      items.push(this.#readQuantified())
    }
    return { node: { kind: 'sequence', items }, isEnd: false }
  }

  #readQuantified(): PatternNode {
    const item = this.#readAtom()
    const count = this.#readCount()
    if (!count) return item
    this.#take('?')
    // (a*)* is a*: a loop around what may be empty would never end.
    const isStar = item.kind === 'repeat' && item.min === 0 && item.max === undefined
    if (isStar && count.max === undefined) return item
    if (patternLength(item).min === 0 && count.max === undefined) throw new PatternError('a loop around what may be empty is not supported')
    return { kind: 'repeat', item, ...count }
  }

  #readCount(): { min: number; max: number | undefined } | undefined {
    if (this.#take('*')) return { min: 0, max: undefined }
    if (this.#take('+')) return { min: 1, max: undefined }
    if (this.#take('?')) return { min: 0, max: 1 }
    const braces = /^\{(\d+)(,?)(\d*)\}/.exec(this.#characters.slice(this.#position, this.#position + 32).join(''))
    if (!braces) return undefined
    const [whole, least, comma, most] = braces
    this.#position += whole.length
    const min = Number(least)
    const max = comma === '' ? min : most === '' ? undefined : Number(most)
    if (min > MAX_COUNT || (max ?? 0) > MAX_COUNT) throw new PatternError(`a count above ${MAX_COUNT} is not supported`)
    return { min, max }
  }

  #readAtom(): PatternNode {
    const character = this.#peek() ?? ''
    this.#position++
    if (character === '(') return this.#readGroup()
    if (character === '[') return this.#readSet()
    if (character === '.') return { kind: 'set', ranges: complementOf(LINE_ENDS) }
    if (character === '\\') return { kind: 'set', ranges: this.#readEscape() }
    if (character === '^' || character === '$') throw new PatternError('an anchor inside the pattern is not supported')
    return single(character)
  }

  #readGroup(): PatternNode {
    if (this.#take('?')) {
      const name = /^(?::|<[\p{L}_$][\p{L}\p{N}_$]*>)/u.exec(this.#characters.slice(this.#position, this.#position + 128).join(''))
      if (!name) throw new PatternError('look-around is not supported')
      this.#position += [...name[0]].length
    }
    if (++this.#depth > MAX_NESTING) throw new PatternError('the pattern is nested too deeply')
    const items: PatternNode[] = []
    do items.push(this.#readSequence().node)
    while (this.#take('|'))
    if (!this.#take(')')) throw new PatternError('unbalanced parentheses')
    this.#depth--
    return items.length === 1 && items[0] ? items[0] : { kind: 'choice', items }
  }

  #readSet(): PatternNode {
    const isNegated = this.#take('^')
    const ranges: CodePointRange[] = []
    while (!this.#take(']')) {
      if (this.#peek() === undefined) throw new PatternError('a character class does not end')
      const from = this.#readSetPart()
      const isRange = this.#peek() === '-' && this.#peek(1) !== ']' && from.length === 1 && from[0]?.[0] === from[0]?.[1]
      if (!isRange) {
        ranges.push(...from)
        continue
      }
      this.#position++
      const to = this.#readSetPart()
      if (to.length === 1 && to[0]?.[0] === to[0]?.[1]) ranges.push([from[0]?.[0] ?? 0, to[0]?.[1] ?? 0])
      else ranges.push(...from, [0x2d, 0x2d], ...to)
    }
    const result = isNegated ? complementOf(ranges) : ranges
    if (result.length === 0) throw new PatternError('a character class matches nothing')
    return { kind: 'set', ranges: result }
  }

  #readSetPart(): readonly CodePointRange[] {
    const character = this.#peek() ?? ''
    this.#position++
    if (character !== '\\') return [[character.codePointAt(0) ?? 0, character.codePointAt(0) ?? 0]]
    if (this.#take('b')) return [[0x08, 0x08]]
    return this.#readEscape()
  }

  #readEscape(): readonly CodePointRange[] {
    const character = this.#peek() ?? ''
    this.#position++
    const known = CLASSES[character]
    if (known) return known
    const control = CONTROLS[character]
    const codePoint = control ?? this.#readCodePoint(character)
    if (codePoint !== undefined) return [[codePoint, codePoint]]
    if (/[\p{L}\p{N}]/u.test(character)) throw new PatternError(`\\${character} is not supported`)
    return single(character).ranges
  }

  #readCodePoint(character: string): number | undefined {
    const rest = this.#characters.slice(this.#position, this.#position + 12).join('')
    const hex =
      character === 'x'
        ? /^([0-9a-fA-F]{2})/.exec(rest)
        : character === 'u'
          ? /^(?:\{([0-9a-fA-F]{1,6})\}|([0-9a-fA-F]{4}))/.exec(rest)
          : null
    if (!hex) return undefined
    this.#position += hex[0].length
    const codePoint = Number.parseInt(hex[1] ?? hex[2] ?? '', 16)
    if (codePoint >= SURROGATES[0] && codePoint <= SURROGATES[1]) throw new PatternError('half a surrogate pair is not supported')
    return codePoint
  }
}

function isRegExp(pattern: string): boolean {
  try {
    new RegExp(pattern)
    return true
  } catch {
    return false
  }
}

function single(character: string): PatternNode & { kind: 'set' } {
  const codePoint = character.codePointAt(0) ?? 0
  return { kind: 'set', ranges: [[codePoint, codePoint]] }
}

function includes(ranges: readonly CodePointRange[], codePoint: number): boolean {
  return ranges.some(([from, to]) => from <= codePoint && codePoint <= to)
}

function complementOf(ranges: readonly CodePointRange[]): CodePointRange[] {
  return subtractRanges([[0, LAST]], ranges)
}
