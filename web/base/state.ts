// A value that changes, and those who want to know: what outlives a page of the console (talks, pulls, whether the server is there) is kept in these.

export interface State<T> {
  readonly value: T
  set(next: T): void
  /** The returned function ends it. */
  subscribe(listener: () => void): () => void
}

export function createState<T>(initial: T): State<T> {
  const listeners = new Set<() => void>()
  let value = initial
  return {
    get value() {
      return value
    },
    set(next) {
      if (Object.is(next, value)) return
      value = next
      for (const listener of [...listeners]) listener()
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
