// How the prefill tokens of one step are shared among the slots that still evaluate their prompts. The one that waits longest is sure of half,
// so that it ends; a short question that fits beside it does not wait behind a long document. Otherwise prompts are read one after the other:
// the first one's reply begins sooner, and where each sequence has a memory of its own, the engine cuts a batch into parts of equal length for each,
// so that pieces of many prompts are many small parts, which cost more than one large one. Pure.

export interface Prefilling {
  /** Tokens of the prompt that are not evaluated yet. */
  remaining: number
}

/** Tokens for each, oldest request first; the sum is at most `budget`. */
export function sharePrefill(oldestFirst: readonly Prefilling[], budget: number): number[] {
  const shares = oldestFirst.map(() => 0)
  let left = budget
  const give = (index: number, tokens: number) => {
    const share = Math.min(tokens, (oldestFirst[index] as Prefilling).remaining - (shares[index] as number), left)
    shares[index] = (shares[index] as number) + share
    left -= share
  }
  if (oldestFirst.length === 0) return shares
  give(0, Math.ceil(budget / 2))
  const missing = (index: number) => (oldestFirst[index] as Prefilling).remaining - (shares[index] as number)
  for (const index of [...oldestFirst.keys()].sort((a, b) => missing(a) - missing(b))) if (missing(index) <= left) give(index, left)
  give(0, left)
  return shares
}
