// Arguments of filters, tests and methods.

import { jinjaError } from './error.ts'
import { type JinjaValue, type NamedValues, toNumber, toText } from './value.ts'

export interface Call {
  args: readonly JinjaValue[]
  named: NamedValues
  /** A filter or test by its name, for filters that take one (`map`, `select`). */
  filter: (name: string, value: JinjaValue, args: readonly JinjaValue[]) => JinjaValue
  test: (name: string, value: JinjaValue, args: readonly JinjaValue[]) => boolean
}

export type Operation<T extends JinjaValue = JinjaValue> = (value: T, call: Call) => JinjaValue

const MAX_WIDTH = 10_000
/** All text that is written or put together in a rendering, in UTF-16 units. */
export const MAX_TEXT_CHARACTERS = 16 * 1024 * 1024

export function argument(call: Call, index: number, name: string): JinjaValue {
  return index < call.args.length ? call.args[index] : call.named.get(name)
}

export function textArgument(call: Call, index: number, name: string, fallback = ''): string {
  const value = argument(call, index, name)
  return value === undefined || value === null ? fallback : toText(value)
}

/** Whole and not absurd. */
export function numberArgument(call: Call, index: number, name: string, fallback: number): number {
  const value = argument(call, index, name)
  if (value === undefined || value === null) return fallback
  const number = toNumber(value)
  if (number === undefined) throw jinjaError(`"${name}" must be a number`)
  return Math.trunc(number)
}

export function widthArgument(call: Call, index: number, name: string, fallback: number): number {
  return Math.max(0, Math.min(MAX_WIDTH, numberArgument(call, index, name, fallback)))
}
