// What a request said and what changes nothing in the answer: named, so that nothing is dropped in silence.

export class Notes {
  readonly #names = new Set<string>()

  constructor(names: Iterable<string> = []) {
    for (const name of names) this.#names.add(name)
  }

  get names(): string[] {
    return [...this.#names]
  }

  add(name: string): void {
    this.#names.add(name)
  }

  /** Every field of `value` that is set and not among `used`. */
  unused(place: string, value: Record<string, unknown>, used: readonly string[]): void {
    for (const [key, item] of Object.entries(value)) {
      if (item !== null && item !== undefined && !used.includes(key)) this.#names.add(`${place}.${key}`)
    }
  }
}
