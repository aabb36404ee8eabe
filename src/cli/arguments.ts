// Reads a verb's flags and arguments as Ollama's command line does: they may be mixed, `--` ends the flags, `-f x`, `-fx` and `-f=x` are the
// same, a boolean takes a value only after `=`. Errors carry its texts.

import { AppError } from '../base/errors.ts'
import { formatSuggestions, suggestClose } from './suggest.ts'

export interface Flag {
  type: 'boolean' | 'string' | 'int' | 'float' | 'list'
  help: string
  short?: string
  /** The value of the flag when none is given after `=`. */
  implied?: string
  /** Values that it is known to take, for completion. Where one is implied these also count as the next word; other words are arguments then. */
  values?: readonly string[]
}

export type FlagTable = Readonly<Record<string, Flag>>

export interface Invocation {
  positionals: readonly string[]
  /** How many of them stood before `--`. */
  beforeDashes: number
  given(name: string): boolean
  boolean(name: string): boolean
  /** Empty when it was not given. */
  text(name: string): string
  /** Undefined when it was not given. */
  number(name: string): number | undefined
  list(name: string): readonly string[]
}

export const HELP_FLAG: Flag = { type: 'boolean', short: 'h', help: '' }

const TRUE = ['1', 't', 'T', 'TRUE', 'true', 'True']
const FALSE = ['0', 'f', 'F', 'FALSE', 'false', 'False']

/** Throws `invalid_request`. The flag `help` is always known. */
export function parseArguments(words: readonly string[], table: FlagTable): Invocation {
  const flags: FlagTable = { ...table, help: HELP_FLAG }
  const values = new Map<string, string[]>()
  const positionals: string[] = []
  const rest = [...words]
  let beforeDashes: number | undefined

  const store = (name: string, flag: Flag, value: string): void => {
    checkValue(name, flag, value)
    values.set(name, [...(values.get(name) ?? []), value])
  }
  const takeKnown = (flag: Flag): string | undefined => (flag.values?.includes(rest[0] ?? '') ? rest.shift() : undefined)
  const takeLong = (word: string): void => {
    const equals = word.indexOf('=')
    const name = equals < 0 ? word.slice(2) : word.slice(2, equals)
    if (name === '' || name.startsWith('-')) throw usageError(`bad flag syntax: ${word}`)
    const flag = Object.hasOwn(flags, name) ? flags[name] : undefined
    if (!flag) throw usageError(`unknown flag: --${name}${suggestFlags(name, flags)}`)
    const value = equals < 0 ? (takeKnown(flag) ?? impliedValue(flag) ?? rest.shift()) : word.slice(equals + 1)
    if (value === undefined) throw usageError(`flag needs an argument: --${name}`)
    store(name, flag, value)
  }
  const takeShort = (word: string): void => {
    let letters = word.slice(1)
    while (letters !== '') {
      const letter = letters[0] as string
      const [name, flag] = Object.entries(flags).find(([, candidate]) => candidate.short === letter) ?? []
      if (name === undefined || flag === undefined) throw usageError(`unknown shorthand flag: '${letter}' in -${letters}`)
      let value = impliedValue(flag)
      let after = letters.slice(1)
      if (after.startsWith('=')) {
        value = after.slice(1)
        after = ''
      } else if (value === undefined) {
        value = after === '' ? rest.shift() : after
        after = ''
      }
      if (value === undefined) throw usageError(`flag needs an argument: '${letter}' in -${letters}`)
      store(name, flag, value)
      letters = after
    }
  }

  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--') {
      beforeDashes = positionals.length
      positionals.push(...rest.splice(0))
    } else if (word.startsWith('--')) takeLong(word)
    else if (word.startsWith('-') && word !== '-') takeShort(word)
    else positionals.push(word)
  }
  return toInvocation({ positionals, beforeDashes: beforeDashes ?? positionals.length }, values)
}

/** Throws `invalid_request` in the words of Ollama's command line. */
export function checkArgumentCount(count: number, rule: { min: number; max: number }): void {
  if (rule.min === rule.max && count !== rule.min) throw usageError(`accepts ${rule.min} arg(s), received ${count}`)
  if (count < rule.min) throw usageError(`requires at least ${rule.min} arg(s), only received ${count}`)
  if (count > rule.max) throw usageError(`accepts at most ${rule.max} arg(s), received ${count}`)
}

export function usageError(message: string): AppError {
  return new AppError('invalid_request', message)
}

function toInvocation(words: Pick<Invocation, 'positionals' | 'beforeDashes'>, values: ReadonlyMap<string, string[]>): Invocation {
  const last = (name: string): string | undefined => values.get(name)?.at(-1)
  return {
    ...words,
    given: (name) => values.has(name),
    boolean: (name) => TRUE.includes(last(name) ?? ''),
    text: (name) => last(name) ?? '',
    number: (name) => {
      const value = last(name)
      return value === undefined ? undefined : Number(value)
    },
    list: (name) => values.get(name) ?? [],
  }
}

function suggestFlags(name: string, flags: FlagTable): string {
  return formatSuggestions(suggestClose(name, Object.keys(flags)).map((flag) => `--${flag}`))
}

function impliedValue(flag: Flag): string | undefined {
  return flag.type === 'boolean' ? 'true' : flag.implied
}

function checkValue(name: string, flag: Flag, value: string): void {
  const reader = wrongValueReader(flag, value)
  if (reader === undefined) return
  const shown = flag.short === undefined ? `--${name}` : `-${flag.short}, --${name}`
  const quoted = JSON.stringify(value)
  throw usageError(`invalid argument ${quoted} for "${shown}" flag: ${reader}: parsing ${quoted}: invalid syntax`)
}

function wrongValueReader(flag: Flag, value: string): string | undefined {
  switch (flag.type) {
    case 'boolean':
      return TRUE.includes(value) || FALSE.includes(value) ? undefined : 'strconv.ParseBool'
    case 'int':
      return /^[+-]?\d{1,15}$/.test(value) ? undefined : 'strconv.ParseInt'
    case 'float':
      return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(value) ? undefined : 'strconv.ParseFloat'
    default:
      return undefined
  }
}
