// Log-probabilities from raw logits, before any sampler: the softmax that llama-server reports, in double precision.

import { firstAbove } from './shortlist.ts'

export interface TokenLogprob {
  token: number
  logprob: number
}

export function logprobsOf(logits: Float32Array, token: number, topCount: number): { logprob: number; top: TokenLogprob[] } {
  const likeliest = mostLikely(logits, Math.max(topCount, 1))
  const highest = logits[likeliest[0] as number] as number
  let sum = 0
  for (let index = 0; index < logits.length; index++) sum += Math.exp((logits[index] as number) - highest)
  const normal = highest + Math.log(sum)
  const logprobOf = (id: number) => (logits[id] as number) - normal
  return { logprob: logprobOf(token), top: likeliest.slice(0, topCount).map((id) => ({ token: id, logprob: logprobOf(id) })) }
}

/** The highest logit, and by how much it leads. */
export function likeliestOf(logits: Float32Array): { token: number; lead: number } {
  let token = 0
  let highest = Number.NEGATIVE_INFINITY
  let second = Number.NEGATIVE_INFINITY
  const { length } = logits
  for (let id = firstAbove(second, logits, 0, length); id < length; id = firstAbove(second, logits, id + 1, length)) {
    const logit = logits[id] as number
    if (logit > highest) {
      second = highest
      highest = logit
      token = id
    } else second = logit
  }
  return { token, lead: highest - second }
}

/** Ids of the highest logits, highest first: an insertion sort over a short list, since most logits are below its last. */
function mostLikely(logits: Float32Array, count: number): number[] {
  const ids: number[] = []
  let lowest = Number.NEGATIVE_INFINITY
  for (let id = 0; id < logits.length; id++) {
    const logit = logits[id] as number
    if (ids.length === count && logit <= lowest) continue
    let at = ids.length
    while (at > 0 && (logits[ids[at - 1] as number] as number) < logit) at--
    ids.splice(at, 0, id)
    if (ids.length > count) ids.pop()
    lowest = logits[ids[ids.length - 1] as number] as number
  }
  return ids
}
