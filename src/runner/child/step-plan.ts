// How the prefill tokens of one step are shared among the slots that still evaluate their prompts. The one that waits longest is sure of half,
// so that it ends; a short question that fits beside it does not wait behind a long document. Otherwise prompts are read one after the other:
// the first one's reply begins sooner, and where each sequence has a memory of its own, the engine cuts a batch into parts of equal length for each,
// so that pieces of many prompts are many small parts, which cost more than one large one. For the same reason a prompt that lacks little is read
// to its end. Pure.

/** What is left of a prompt and is no larger part of the budget than this goes with the step. */
const REST_SHARE = 1 / 4

export interface Prefilling {
  /** Tokens of the prompt that are not evaluated yet. */
  remaining: number
}

/** Tokens for each, oldest request first; the sum is `budget` and a rest at most, and never more than there is `room` for. */
export function sharePrefill(oldestFirst: readonly Prefilling[], { budget, room }: { budget: number; room: number }): number[] {
  const shares = oldestFirst.map(() => 0)
  let left = Math.min(budget, room)
  const give = (index: number, tokens: number) => {
    const share = Math.min(tokens, (oldestFirst[index] as Prefilling).remaining - (shares[index] as number), left)
    shares[index] = (shares[index] as number) + share
    left -= share
  }
  if (oldestFirst.length === 0) return shares
  const missing = (index: number) => (oldestFirst[index] as Prefilling).remaining - (shares[index] as number)
  give(0, Math.ceil(left / 2))
  for (const index of [...oldestFirst.keys()].sort((a, b) => missing(a) - missing(b))) if (missing(index) <= left) give(index, left)
  give(0, left)
  const rest = missing(0)
  if ((shares[0] as number) > 0 && rest <= Math.min(budget * REST_SHARE, room - budget)) shares[0] = (shares[0] as number) + rest
  return shares
}
