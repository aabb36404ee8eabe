// One JSON object with typed readers. `null` counts as absent, as Python's readers take it; a value of another type than asked is an error that
// names the file and the key, never a guess.

import { isRecord } from '../base/json.ts'
import { invalidModel } from './failure.ts'

const MAX_COUNT = 2 ** 32 - 1

export class Fields {
  readonly #where: string
  readonly #values: Record<string, unknown>

  /** `where` is what messages call the object. */
  constructor(where: string, values: unknown) {
    if (!isRecord(values)) throw invalidModel(`${where} is not a JSON object`)
    this.#where = where
    this.#values = values
  }

  get keys(): string[] {
    return Object.keys(this.#values)
  }

  /** The first of the keys that has a value. */
  value(...keys: string[]): unknown {
    return this.#find(keys)?.value
  }

  has(key: string): boolean {
    return this.#find([key]) !== undefined
  }

  /** A whole number from 0 on. */
  count(...keys: string[]): number | undefined {
    return this.#typed(keys, 'a whole number', isCount)
  }

  requireCount(...keys: string[]): number {
    const value = this.count(...keys)
    if (value === undefined) throw invalidModel(`${this.#where} has no ${keys.join(' nor ')}`)
    return value
  }

  number(...keys: string[]): number | undefined {
    return this.#typed(keys, 'a number', (value): value is number => typeof value === 'number')
  }

  requireNumber(...keys: string[]): number {
    const value = this.number(...keys)
    if (value === undefined) throw invalidModel(`${this.#where} has no ${keys.join(' nor ')}`)
    return value
  }

  text(...keys: string[]): string | undefined {
    return this.#typed(keys, 'a text', (value): value is string => typeof value === 'string')
  }

  flag(...keys: string[]): boolean | undefined {
    return this.#typed(keys, 'true or false', (value): value is boolean => typeof value === 'boolean')
  }

  numbers(...keys: string[]): number[] | undefined {
    return this.#typed(
      keys,
      'a list of numbers',
      (value): value is number[] => isList(value) && value.every((item) => typeof item === 'number'),
    )
  }

  list(...keys: string[]): unknown[] | undefined {
    return this.#typed(keys, 'a list', isList)
  }

  /** The objects of a list; items that are none are an error. */
  items(key: string): Fields[] {
    return (this.list(key) ?? []).map((item, index) => new Fields(`${this.#where}: ${key}[${index}]`, item))
  }

  fields(...keys: string[]): Fields | undefined {
    const found = this.#typed(keys, 'an object', isRecord)
    return found && new Fields(`${this.#where}: ${keys[0]}`, found)
  }

  /** The same object with the values of another laid over it. */
  over(values: Fields): Fields {
    return new Fields(this.#where, { ...this.#values, ...values.#values })
  }

  /** The same object with these values where it has none. */
  withDefaults(defaults: Readonly<Record<string, unknown>>): Fields {
    const missing = Object.entries(defaults).filter(([key]) => !this.has(key))
    return new Fields(this.#where, { ...this.#values, ...Object.fromEntries(missing) })
  }

  #find(keys: readonly string[]): { key: string; value: unknown } | undefined {
    for (const key of keys) {
      const value = Object.hasOwn(this.#values, key) ? this.#values[key] : undefined
      if (value !== undefined && value !== null) return { key, value }
    }
    return undefined
  }

  #typed<T>(keys: readonly string[], wanted: string, is: (value: unknown) => value is T): T | undefined {
    const found = this.#find(keys)
    if (!found) return undefined
    if (is(found.value)) return found.value
    throw invalidModel(`${this.#where}: ${found.key} is ${(JSON.stringify(found.value) ?? '').slice(0, 80)}, not ${wanted}`)
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= MAX_COUNT
}

function isList(value: unknown): value is unknown[] {
  return Array.isArray(value)
}
