// What may stand behind `is`.

import { jinjaError } from './error.ts'
import { compare, contains, isEqual, isFloat, type JinjaValue, toNumber, toText, typeNameOf } from './value.ts'

export type Test = (value: JinjaValue, args: readonly JinjaValue[]) => boolean

const isText = (value: JinjaValue): value is string => typeof value === 'string'
const isNumber = (value: JinjaValue): boolean => typeof value !== 'boolean' && toNumber(value) !== undefined
const isSequence = (value: JinjaValue): boolean => isText(value) || Array.isArray(value) || value instanceof Map
const equals: Test = (value, [other]) => isEqual(value, other)
const differs: Test = (value, [other]) => !isEqual(value, other)
const isLess: Test = (value, [other]) => order(value, other) < 0
const isMost: Test = (value, [other]) => order(value, other) <= 0
const isMore: Test = (value, [other]) => order(value, other) > 0
const isLeast: Test = (value, [other]) => order(value, other) >= 0

export const TESTS: Readonly<Record<string, Test>> = {
  boolean: (value) => typeof value === 'boolean',
  callable: (value) => typeof value === 'function',
  defined: (value) => value !== undefined,
  divisibleby: (value, [divisor]) => (toNumber(value) ?? 0) % (toNumber(divisor) ?? Number.NaN) === 0,
  eq: equals,
  equalto: equals,
  '==': equals,
  even: (value) => (toNumber(value) ?? 1) % 2 === 0,
  false: (value) => value === false,
  float: isFloat,
  ge: isLeast,
  '>=': isLeast,
  greaterthan: isMore,
  gt: isMore,
  '>': isMore,
  in: (value, [container]) => contains(container, value),
  integer: (value) => isNumber(value) && !isFloat(value),
  iterable: (value) => isSequence(value) || value === undefined,
  le: isMost,
  '<=': isMost,
  lessthan: isLess,
  lt: isLess,
  '<': isLess,
  lower: (value) => isText(value) && value === value.toLowerCase(),
  mapping: (value) => value instanceof Map,
  ne: differs,
  '!=': differs,
  none: (value) => value === null,
  number: isNumber,
  odd: (value) => Math.abs((toNumber(value) ?? 0) % 2) === 1,
  sameas: (value, [other]) => value === other,
  sequence: (value) => isSequence(value) || value === undefined,
  string: isText,
  true: (value) => value === true,
  undefined: (value) => value === undefined,
  upper: (value) => isText(value) && value === value.toUpperCase(),
}

export function order(a: JinjaValue, b: JinjaValue): number {
  const result = compare(a, b)
  if (result === undefined) throw jinjaError(`${typeNameOf(a)} and ${typeNameOf(b)} have no order: ${toText(a).slice(0, 40)}`)
  return result
}
