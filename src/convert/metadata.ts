import type { GgufEntry } from '../gguf/writer.ts'

/** Keys and values of the file to be. A key that is set again has the newer value at its old place; `undefined` sets nothing. */
export class Metadata {
  readonly #entries = new Map<string, GgufEntry>()
  readonly #architecture: string

  constructor(architecture: string) {
    this.#architecture = architecture
    this.text('general.architecture', architecture)
  }

  get entries(): GgufEntry[] {
    return [...this.#entries.values()]
  }

  /** The key below the architecture's name. */
  own(key: string): string {
    return `${this.#architecture}.${key}`
  }

  text(key: string, value: string | undefined): void {
    if (value !== undefined) this.#set({ key, type: 'string', value })
  }

  flag(key: string, value: boolean | undefined): void {
    if (value !== undefined) this.#set({ key, type: 'bool', value })
  }

  count(key: string, value: number | undefined): void {
    if (value !== undefined) this.#set({ key, type: 'uint32', value })
  }

  number(key: string, value: number | undefined): void {
    if (value !== undefined) this.#set({ key, type: 'float32', value })
  }

  whole(key: string, value: number | undefined): void {
    if (value !== undefined) this.#set({ key, type: 'int32', value })
  }

  texts(key: string, values: readonly string[]): void {
    this.#set({ key, type: 'array', itemType: 'string', values })
  }

  numbers(key: string, values: readonly number[]): void {
    this.#set({ key, type: 'array', itemType: 'float32', values })
  }

  wholes(key: string, values: readonly number[]): void {
    this.#set({ key, type: 'array', itemType: 'int32', values })
  }

  #set(entry: GgufEntry): void {
    this.#entries.set(entry.key, entry)
  }
}
