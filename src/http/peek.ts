export interface Peeked<T> {
  /** Undefined when there is nothing at all. */
  first: T | undefined
  /** Everything, the first one included. Closing it closes the source. */
  all: AsyncIterableIterator<T>
}

/** Waits for the first item of a source; what the source throws before it, this throws. */
export async function peek<T>(source: AsyncIterable<T>): Promise<Peeked<T>> {
  const iterator = source[Symbol.asyncIterator]()
  const first = await iterator.next()
  let pending: IteratorResult<T> | undefined = first
  const all: AsyncIterableIterator<T> = {
    [Symbol.asyncIterator]: () => all,
    next() {
      const item = pending
      pending = undefined
      return item ? Promise.resolve(item) : iterator.next()
    },
    async return() {
      await iterator.return?.()
      return { done: true, value: undefined }
    },
  }
  return { first: first.done ? undefined : first.value, all }
}
