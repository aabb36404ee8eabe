// The filters of Jinja that chat templates use, with llama.cpp's leniency: what is Undefined counts as empty.

import { tryParseJson } from '../../base/json.ts'
import { argument, type Call, numberArgument, type Operation, textArgument, widthArgument } from './call.ts'
import { jinjaError } from './error.ts'
import { formatPercent, replace, strip, TEXT_METHODS } from './text-methods.ts'
import {
  compare,
  isEqual,
  isTrue,
  type JinjaValue,
  Namespace,
  toFloat,
  toItems,
  toJinjaValue,
  toJsonText,
  toNumber,
  toText,
  typeNameOf,
} from './value.ts'

export const FILTERS: Readonly<Record<string, Operation>> = {
  abs: (value) => Math.abs(toNumber(value) ?? 0),
  capitalize: (value, call) => textMethod('capitalize', value, call),
  count: (value) => length(value),
  d: (value, call) => defaultOf(value, call),
  default: (value, call) => defaultOf(value, call),
  dictsort: (value) =>
    value instanceof Map
      ? sorted(
          [...value].map(([key, item]): JinjaValue => [key, item]),
          (pair) => itemAt(pair, 0),
          false,
        )
      : [],
  e: (value) => escapeHtml(toText(value)),
  escape: (value) => escapeHtml(toText(value)),
  first: (value) => toItems(value)[0],
  float: (value, call) => toFloat(parseNumber(value) ?? toNumber(argument(call, 0, 'default')) ?? 0),
  format: (value, call) => formatPercent(toText(value), call.args),
  // Not Jinja's own: runtimes for Qwen 3 Coder and DeepSeek's templates add it.
  from_json: (value) => fromJson(value),
  groupby: (value, call) => groupBy(value, call),
  indent: (value, call) => indent(toText(value), call),
  int: (value, call) => Math.trunc(parseNumber(value) ?? toNumber(argument(call, 0, 'default')) ?? 0),
  items: (value) => (value instanceof Map ? [...value].map((entry): JinjaValue[] => [...entry]) : []),
  join: (value, call) =>
    projected(value, call, 1)
      .map(toText)
      .join(textArgument(call, 0, 'd')),
  keys: (value) => (value instanceof Map ? [...value.keys()] : []),
  last: (value) => toItems(value).at(-1),
  length: (value) => length(value),
  list: (value) => [...toItems(value)],
  lower: (value, call) => textMethod('lower', value, call),
  map: (value, call) => map(value, call),
  max: (value, call) => sorted(toItems(value), keyOf(argument(call, 1, 'attribute')), false).at(-1),
  min: (value, call) => sorted(toItems(value), keyOf(argument(call, 1, 'attribute')), false)[0],
  reject: (value, call) => toItems(value).filter((item) => !passes(item, call, 0)),
  rejectattr: (value, call) => toItems(value).filter((item) => !passes(attributeOf(item, call.args[0]), call, 1)),
  replace: (value, call) => replace(toText(value), call),
  reverse: (value) => (typeof value === 'string' ? Array.from(value).reverse().join('') : [...toItems(value)].reverse()),
  round: (value, call) => round(value, call),
  safe: (value) => (typeof value === 'string' ? value : toText(value)),
  select: (value, call) => toItems(value).filter((item) => passes(item, call, 0)),
  selectattr: (value, call) => toItems(value).filter((item) => passes(attributeOf(item, call.args[0]), call, 1)),
  sort: (value, call) => sorted(toItems(value), keyOf(argument(call, 2, 'attribute')), isTrue(argument(call, 0, 'reverse'))),
  string: (value) => toText(value),
  striptags: (value) =>
    toText(value)
      .replace(/<[^>]*>/g, '')
      .replace(/\s+/g, ' ')
      .trim(),
  sum: (value, call) => projected(value, call, 0).reduce((sum: number, item) => sum + (toNumber(item) ?? 0), 0),
  title: (value, call) => textMethod('title', value, call),
  tojson: (value, call) => toJson(value, call),
  trim: (value, call) => strip(toText(value), call, 'both'),
  truncate: (value, call) => truncate(toText(value), call),
  unique: (value) => unique(toItems(value)),
  upper: (value, call) => textMethod('upper', value, call),
  urlencode: (value) => encodeURIComponent(Buffer.from(toText(value)).toString('utf8')).replaceAll('%2F', '/'),
  values: (value) => (value instanceof Map ? [...value.values()] : []),
  wordcount: (value) => toText(value).split(/\s+/).filter(Boolean).length,
}

/** Arguments may be JSON text or what it says. */
function fromJson(value: JinjaValue): JinjaValue {
  const parsed = typeof value === 'string' ? tryParseJson(value) : undefined
  return parsed === undefined ? value : toJinjaValue(parsed)
}

function length(value: JinjaValue): number {
  if (typeof value === 'string') return value.length === 0 ? 0 : Array.from(value).length
  if (value instanceof Map) return value.size
  return toItems(value).length
}

function textMethod(name: string, value: JinjaValue, call: Call): JinjaValue {
  return TEXT_METHODS[name]?.(toText(value), call)
}

function defaultOf(value: JinjaValue, call: Call): JinjaValue {
  const replacesFalse = isTrue(argument(call, 1, 'boolean'))
  return value === undefined || (replacesFalse && !isTrue(value)) ? (argument(call, 0, 'default_value') ?? '') : value
}

function parseNumber(value: JinjaValue): number | undefined {
  if (typeof value !== 'string') return toNumber(value)
  const text = value.trim()
  const number = Number(text)
  return text === '' || Number.isNaN(number) ? undefined : number
}

function groupBy(value: JinjaValue, call: Call): JinjaValue {
  const key = keyOf(call.args[0])
  const groups: JinjaValue[][] = []
  for (const item of sorted(toItems(value), key, false)) {
    const group = groups.find(([name]) => isEqual(name, key(item)))
    if (group) (group[1] as JinjaValue[]).push(item)
    else groups.push([key(item), [item]])
  }
  return groups
}

function indent(text: string, call: Call): string {
  const width = argument(call, 0, 'width')
  const blanks = typeof width === 'string' ? width : ' '.repeat(widthArgument(call, 0, 'width', 4))
  const [first, blank] = [isTrue(argument(call, 1, 'first')), isTrue(argument(call, 2, 'blank'))]
  return text
    .split('\n')
    .map((line, index) => ((index === 0 && !first) || (line.trim() === '' && !blank) ? line : blanks + line))
    .join('\n')
}

function map(value: JinjaValue, call: Call): JinjaValue {
  const attribute = call.named.get('attribute')
  if (attribute !== undefined) return toItems(value).map((item) => attributeOf(item, attribute) ?? call.named.get('default'))
  const [name, ...args] = call.args
  return toItems(value).map((item) => call.filter(toText(name), item, args))
}

/** Whether a test, named by an argument, holds; without a name, whether the item is true. */
function passes(item: JinjaValue, call: Call, at: number): boolean {
  const name = call.args[at]
  return name === undefined ? isTrue(item) : call.test(toText(name), item, call.args.slice(at + 1))
}

function projected(value: JinjaValue, call: Call, at: number): JinjaValue[] {
  const attribute = argument(call, at, 'attribute')
  return attribute === undefined || attribute === null ? toItems(value) : toItems(value).map((item) => attributeOf(item, attribute))
}

function keyOf(attribute: JinjaValue): (item: JinjaValue) => JinjaValue {
  return attribute === undefined || attribute === null ? (item) => item : (item) => attributeOf(item, attribute)
}

/** `a.b` goes down two levels. */
function attributeOf(item: JinjaValue, attribute: JinjaValue): JinjaValue {
  return toText(attribute)
    .split('.')
    .reduce((value: JinjaValue, name) => {
      if (value instanceof Map) return value.get(name)
      if (value instanceof Namespace) return value.fields.get(name)
      return Array.isArray(value) ? value[Number(name)] : undefined
    }, item)
}

function itemAt(value: JinjaValue, index: number): JinjaValue {
  return Array.isArray(value) ? value[index] : undefined
}

/** Texts are ordered without regard to case, as Jinja does. */
function sorted(items: readonly JinjaValue[], keyOfItem: (item: JinjaValue) => JinjaValue, isReversed: boolean): JinjaValue[] {
  const fold = (key: JinjaValue): JinjaValue => (typeof key === 'string' ? key.toLowerCase() : key)
  const order = (a: JinjaValue, b: JinjaValue): number => {
    const [left, right] = [fold(keyOfItem(a)), fold(keyOfItem(b))]
    const result = compare(left, right)
    if (result === undefined) throw jinjaError(`${typeNameOf(left)} and ${typeNameOf(right)} have no order`)
    return isReversed ? -result : result
  }
  return [...items].sort(order)
}

function round(value: JinjaValue, call: Call): JinjaValue {
  const scale = 10 ** Math.max(-20, Math.min(20, numberArgument(call, 0, 'precision', 0)))
  const method = textArgument(call, 1, 'method', 'common')
  const scaled = (toNumber(value) ?? 0) * scale
  const rounded = method === 'ceil' ? Math.ceil(scaled) : method === 'floor' ? Math.floor(scaled) : Math.round(scaled)
  return toFloat(rounded / scale)
}

function toJson(value: JinjaValue, call: Call): string {
  const indentation = argument(call, 1, 'indent')
  const separators = argument(call, 2, 'separators')
  return toJsonText(value, {
    ensureAscii: isTrue(call.named.get('ensure_ascii')),
    sortKeys: isTrue(call.named.get('sort_keys')),
    ...(indentation === undefined || indentation === null ? {} : { indent: widthArgument(call, 1, 'indent', 0) }),
    ...(Array.isArray(separators) ? { itemSeparator: toText(separators[0]), keySeparator: toText(separators[1]) } : {}),
  })
}

function truncate(text: string, call: Call): string {
  const size = numberArgument(call, 0, 'length', 255)
  const end = textArgument(call, 2, 'end', '...')
  if (text.length <= size + numberArgument(call, 3, 'leeway', 5)) return text
  const cut = text.slice(0, Math.max(0, size - end.length))
  return (isTrue(argument(call, 1, 'killwords')) ? cut : cut.replace(/\s+\S*$/, '')) + end
}

function unique(items: readonly JinjaValue[]): JinjaValue[] {
  const seen = new Set<JinjaValue>()
  return items.filter((item) => {
    const key = typeof item === 'object' && item !== null ? toJsonText(item) : typeof item === 'string' ? item.toLowerCase() : item
    return seen.has(key) ? false : seen.add(key)
  })
}

function escapeHtml(text: string): string {
  const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' }
  return text.replace(/[&<>"']/g, (character) => escapes[character] ?? character)
}
