// Ids of replies: 144 bits of chance each, so that logs of years and of many servers hold no two alike.

import { randomBytes } from 'node:crypto'

const RANDOM_BYTES = 18

/** The prefix and 24 of [A-Za-z0-9_-]: `chatcmpl-…`, `cmpl-…`, `resp_…`. */
export function createId(prefix: string): string {
  return prefix + randomBytes(RANDOM_BYTES).toString('base64url')
}
