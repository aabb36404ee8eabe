// When a context should become larger, and by how much. A context starts modest, with memory for few, since memory for it is taken, and cleared,
// whether or not it is used; it grows when a request needs more, so that nothing is dropped that memory has room for, and when all requests together
// need more than there is. Each growth doubles at least: a growth copies all sequences, and doubling keeps the sum of all copies below twice the last
// one. Pure: the loop asks and the engine does it.

/** Room that a prompt leaves for a long reply, lest the context grows again at once: a quarter of it, and no more than this. */
const MAX_RESERVE_TOKENS = 1024
const CONTEXT_TOKENS_PER_RESERVED_TOKEN = 4

export interface GrowthQuestion {
  contextTokens: number
  neededTokens: number
  /** What the request may have at most. */
  limitTokens: number
}

/** For how many whole contexts there should be memory, so that all fits; undefined where there can be no more. */
export function moreContexts(question: {
  contexts: number
  mostContexts: number
  contextTokens: number
  neededTokens: number
}): number | undefined {
  const { contexts, mostContexts, contextTokens, neededTokens } = question
  if (contexts >= mostContexts) return undefined
  return Math.min(Math.max(2 ** Math.ceil(Math.log2(neededTokens / contextTokens)), contexts * 2), mostContexts)
}

/** The next size of the context; undefined where it has room, or where no growth would give any. */
export function largerContext({ contextTokens, neededTokens, limitTokens }: GrowthQuestion): number | undefined {
  if (neededTokens <= contextTokens || limitTokens <= contextTokens) return undefined
  let next = contextTokens
  while (next < neededTokens && next < limitTokens) next *= 2
  return Math.min(next, limitTokens)
}

/** What the reply to a prompt will need of the context. */
export function replyReserve(maxTokens: number, contextTokens: number): number {
  const most = Math.min(MAX_RESERVE_TOKENS, Math.floor(contextTokens / CONTEXT_TOKENS_PER_RESERVED_TOKEN))
  return Math.max(maxTokens < 0 ? most : Math.min(maxTokens, most), 1)
}
