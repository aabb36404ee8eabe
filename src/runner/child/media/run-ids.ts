// The ids that stand for a run of media wherever tokens are compared: made of what the run shows, so that the same image is found again in a cache,
// and no other. Below -1, where no token is: -1 is what the engine's own lists end with.

import { createHash } from 'node:crypto'

const HASH_IDS = 8

/** `content`: names the medium, the projector and which of the medium's runs it is. */
export function createRunIds(content: string, length: number): number[] {
  const ids: number[] = []
  for (let part = 0; ids.length < length; part++) {
    const hash = createHash('sha256').update(`${content}/${part}`).digest()
    for (let index = 0; index < HASH_IDS && ids.length < length; index++) ids.push(toId(hash.readUInt32LE(index * 4)))
  }
  return ids
}

/** From -2 to -2³¹. */
function toId(bits: number): number {
  return -2 - ((bits >>> 1) % 0x7fffffff)
}
