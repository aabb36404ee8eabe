// Where talks are kept, as the rest sees it, how many there may be, and the shelf of a page whose browser keeps nothing.

import { type Talk, type TalkHead, toHead } from './talk.ts'

export interface TalkShelf {
  heads(): Promise<TalkHead[]>
  read(id: string): Promise<Talk | undefined>
  /** Rejects where there is no room. */
  write(talk: Talk): Promise<void>
  remove(ids: readonly string[]): Promise<void>
}

export const MAX_TALKS = 500
/** In all; an image has a third more characters than bytes. */
export const MAX_CHARACTERS = 100_000_000

/** Those that have not changed for longest, until the rest is within the limits; never the first of all. */
export function beyondLimits(
  heads: readonly TalkHead[],
  { maxTalks = MAX_TALKS, maxCharacters = MAX_CHARACTERS }: { maxTalks?: number; maxCharacters?: number } = {},
): TalkHead[] {
  let characters = 0
  return newestFirst(heads).filter((head, place) => {
    characters += head.sizeCharacters
    return place > 0 && (place >= maxTalks || characters > maxCharacters)
  })
}

export function newestFirst(heads: readonly TalkHead[]): TalkHead[] {
  return [...heads].sort((a, b) => b.changedMs - a.changedMs || (a.id < b.id ? -1 : 1))
}

export function createMemoryShelf(): TalkShelf {
  const talks = new Map<string, Talk>()
  return {
    heads: async () => [...talks.values()].map(toHead),
    read: async (id) => talks.get(id),
    write: async (talk) => void talks.set(talk.id, talk),
    remove: async (ids) => {
      for (const id of ids) talks.delete(id)
    },
  }
}
