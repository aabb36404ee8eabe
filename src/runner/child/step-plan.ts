// How the prefill tokens of one step are shared among the slots that still evaluate their prompts. The one that waits longest is sure of half,
// so that it ends; the rest goes to those with the least left, so that a short question does not wait behind a long document. Pure.

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
  if (oldestFirst.length > 0) give(0, Math.ceil(budget / 2))
  const shortestFirst = [...oldestFirst.keys()].sort(
    (a, b) => (oldestFirst[a] as Prefilling).remaining - (oldestFirst[b] as Prefilling).remaining,
  )
  for (const index of shortestFirst) give(index, left)
  return shares
}
