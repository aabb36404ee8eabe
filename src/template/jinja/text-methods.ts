// Methods of Python's str, and the filters of the same work.

import { argument, type Call, MAX_TEXT_CHARACTERS, numberArgument, type Operation, textArgument, widthArgument } from './call.ts'
import { jinjaError } from './error.ts'
import { type JinjaValue, toItems, toNumber, toText } from './value.ts'

export const TEXT_METHODS: Readonly<Record<string, Operation<string>>> = {
  strip: (text, call) => strip(text, call, 'both'),
  lstrip: (text, call) => strip(text, call, 'start'),
  rstrip: (text, call) => strip(text, call, 'end'),
  upper: (text) => text.toUpperCase(),
  lower: (text) => text.toLowerCase(),
  casefold: (text) => text.toLowerCase(),
  capitalize: (text) => capitalize(text),
  title: (text) => text.replace(/[\p{L}\p{N}_']+/gu, capitalize),
  swapcase: (text) => text.replace(/\p{L}/gu, (letter) => (letter === letter.toUpperCase() ? letter.toLowerCase() : letter.toUpperCase())),
  startswith: (text, call) => prefixes(call).some((prefix) => text.startsWith(prefix)),
  endswith: (text, call) => prefixes(call).some((suffix) => text.endsWith(suffix)),
  removeprefix: (text, call) => {
    const prefix = textArgument(call, 0, 'prefix')
    return text.startsWith(prefix) ? text.slice(prefix.length) : text
  },
  removesuffix: (text, call) => {
    const suffix = textArgument(call, 0, 'suffix')
    return suffix !== '' && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text
  },
  split: (text, call) => split(text, call),
  rsplit: (text, call) => rsplit(text, call),
  splitlines: (text) => (text === '' ? [] : text.replace(/\r?\n$/, '').split(/\r\n|\r|\n/)),
  partition: (text, call) => {
    const separator = textArgument(call, 0, 'sep')
    const at = text.indexOf(separator)
    return at < 0 ? [text, '', ''] : [text.slice(0, at), separator, text.slice(at + separator.length)]
  },
  replace: (text, call) => replace(text, call),
  join: (text, call) => toItems(call.args[0]).map(toText).join(text),
  find: (text, call) => text.indexOf(textArgument(call, 0, 'sub')),
  rfind: (text, call) => text.lastIndexOf(textArgument(call, 0, 'sub')),
  count: (text, call) => text.split(textArgument(call, 0, 'sub')).length - 1,
  format: (text, call) => formatBraces(text, call),
  isdigit: (text) => /^\p{Nd}+$/u.test(text),
  isnumeric: (text) => /^\p{N}+$/u.test(text),
  isalpha: (text) => /^\p{L}+$/u.test(text),
  isalnum: (text) => /^[\p{L}\p{N}]+$/u.test(text),
  isspace: (text) => /^\s+$/.test(text),
  isupper: (text) => text !== text.toLowerCase() && text === text.toUpperCase(),
  islower: (text) => text !== text.toUpperCase() && text === text.toLowerCase(),
  zfill: (text, call) => text.padStart(widthArgument(call, 0, 'width', 0), '0'),
  ljust: (text, call) => text.padEnd(widthArgument(call, 0, 'width', 0), textArgument(call, 1, 'fillchar', ' ')),
  rjust: (text, call) => text.padStart(widthArgument(call, 0, 'width', 0), textArgument(call, 1, 'fillchar', ' ')),
}

/** `%s` and its like: the filter `format`, and the operator `%` of a text. */
export function formatPercent(text: string, values: readonly JinjaValue[]): string {
  let next = 0
  return text.replace(
    /%([-0]?)(\d*)(?:\.(\d+))?([sdifrx%])/g,
    (_, flag: string, width: string, precision: string | undefined, letter: string) => {
      if (letter === '%') return '%'
      const value = values[next++]
      const number = toNumber(value) ?? Number.NaN
      const integer = letter === 'x' ? Math.trunc(number).toString(16) : String(Math.trunc(number))
      const shown =
        letter === 's' || letter === 'r' ? toText(value) : letter === 'f' ? number.toFixed(Math.min(Number(precision ?? 6), 100)) : integer
      const size = Math.min(Number(width), 10_000)
      return flag === '-' ? shown.padEnd(size) : shown.padStart(size, flag === '0' ? '0' : ' ')
    },
  )
}

function capitalize(text: string): string {
  const [first = '', ...rest] = text
  return first.toUpperCase() + rest.join('').toLowerCase()
}

export function strip(text: string, call: Call, side: 'both' | 'start' | 'end'): string {
  const given = argument(call, 0, 'chars')
  const isStripped = (character: string): boolean => (typeof given === 'string' ? given.includes(character) : /\s/.test(character))
  let from = 0
  let to = text.length
  if (side !== 'end') while (from < to && isStripped(text.charAt(from))) from += 1
  if (side !== 'start') while (to > from && isStripped(text.charAt(to - 1))) to -= 1
  return text.slice(from, to)
}

export function replace(text: string, call: Call): string {
  const [from, to] = [textArgument(call, 0, 'old'), textArgument(call, 1, 'new')]
  const count = numberArgument(call, 2, 'count', -1)
  const parts = from === '' ? ['', ...text, ''] : text.split(from)
  const done = count < 0 ? parts.length - 1 : Math.min(count, parts.length - 1)
  if (text.length + done * to.length > MAX_TEXT_CHARACTERS) throw jinjaError('replace() makes too long a text')
  return (
    parts.slice(0, done + 1).join(to) +
    parts
      .slice(done + 1)
      .map((part) => from + part)
      .join('')
  )
}

function prefixes(call: Call): string[] {
  const [given] = call.args
  return Array.isArray(given) ? given.map(toText) : [toText(given)]
}

function split(text: string, call: Call): JinjaValue {
  const separator = argument(call, 0, 'sep')
  const limit = numberArgument(call, 1, 'maxsplit', -1)
  if (separator === undefined || separator === null) {
    const words = text.trimStart()
    if (words === '') return []
    if (limit < 0) return words.trimEnd().split(/\s+/)
    const parts: string[] = []
    let rest = words
    while (parts.length < limit && /\s/.test(rest.trimEnd())) {
      const [word = ''] = rest.split(/\s/, 1)
      parts.push(word)
      rest = rest.slice(word.length).trimStart()
    }
    return [...parts, rest]
  }
  const parts = text.split(nonEmpty(toText(separator)))
  return limit < 0 || parts.length <= limit + 1 ? parts : [...parts.slice(0, limit), parts.slice(limit).join(toText(separator))]
}

function rsplit(text: string, call: Call): JinjaValue {
  const separator = argument(call, 0, 'sep')
  const limit = numberArgument(call, 1, 'maxsplit', -1)
  const isBlank = separator === undefined || separator === null
  const parts = isBlank ? text.trim().split(/\s+/) : text.split(nonEmpty(toText(separator)))
  if (limit < 0 || parts.length <= limit + 1) return parts
  const head = parts.slice(0, parts.length - limit).join(isBlank ? ' ' : toText(separator))
  return [head, ...parts.slice(parts.length - limit)]
}

function nonEmpty(separator: string): string {
  if (separator === '') throw jinjaError('split by an empty text')
  return separator
}

function formatBraces(text: string, call: Call): string {
  let next = 0
  return text.replace(/\{\{|\}\}|\{(\w*)\}/g, (whole, name: string | undefined) => {
    if (name === undefined) return whole.charAt(0)
    if (name === '') return toText(call.args[next++])
    return toText(/^\d+$/.test(name) ? call.args[Number(name)] : call.named.get(name))
  })
}
