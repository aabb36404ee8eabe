// Work that several callers may want at once: the first to ask starts it, the others join, and when the last one leaves before the end
// it is stopped. A caller that leaves stops nothing for the rest.

export interface Amount {
  completedBytes: number
  totalBytes: number
}

export interface TaskContext {
  /** Aborts when nobody waits any more. */
  signal: AbortSignal
  report(amount: Amount): void
}

export interface Lease<Result> {
  readonly result: Promise<Result>
  amount(): Amount
  /** When it was the last: stops the work, or gives its result back, and waits for that. */
  leave(): Promise<void>
}

export interface Task<Result> {
  run(context: TaskContext): Promise<Result>
  /** Called once with the result when the last caller has left. */
  release?(result: Result): Promise<void>
}

interface Entry<Result> {
  waiters: number
  amount: Amount
  result: Promise<Result>
  stop: AbortController
}

export class SharedTasks<Result> {
  readonly #entries = new Map<string, Entry<Result>>()

  join(key: string, task: Task<Result>): Lease<Result> {
    const entry = this.#entries.get(key) ?? this.#start(key, task)
    entry.waiters++
    let left = false
    return {
      result: entry.result,
      amount: () => entry.amount,
      leave: async () => {
        if (left) return
        left = true
        entry.waiters--
        if (entry.waiters === 0) await this.#end(key, entry, task)
      },
    }
  }

  #start(key: string, task: Task<Result>): Entry<Result> {
    const stop = new AbortController()
    const entry: Entry<Result> = { waiters: 0, amount: { completedBytes: 0, totalBytes: 0 }, stop, result: Promise.resolve() as never }
    entry.result = task.run({
      signal: stop.signal,
      report: (amount) => {
        entry.amount = amount
      },
    })
    // What failed is not joined by the next caller: that one starts anew.
    entry.result.catch(() => this.#forget(key, entry))
    this.#entries.set(key, entry)
    return entry
  }

  async #end(key: string, entry: Entry<Result>, task: Task<Result>): Promise<void> {
    this.#forget(key, entry)
    entry.stop.abort()
    const outcome = await entry.result.then(
      (result) => ({ result }),
      () => undefined,
    )
    if (outcome) await task.release?.(outcome.result)
  }

  #forget(key: string, entry: Entry<Result>): void {
    if (this.#entries.get(key) === entry) this.#entries.delete(key)
  }
}
