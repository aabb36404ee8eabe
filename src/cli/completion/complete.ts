// The hidden word that the shells' scripts call: prints a candidate per line and never an error, which would end up in the command line.

import { isAppError } from '../../base/errors.ts'
import type { FlagTable } from '../arguments.ts'
import type { Context, Verb } from '../verb.ts'
import { findCandidates } from './candidates.ts'

export async function printCandidates(
  { client, io }: Context,
  words: readonly string[],
  table: { verbs: readonly Verb[]; programFlags: FlagTable },
): Promise<number> {
  const candidates = await findCandidates(words, {
    ...table,
    models: async () => namesOf(() => client.tags()),
    running: async () => namesOf(() => client.ps()),
  })
  for (const candidate of candidates) io.stdout.write(`${candidate}\n`)
  return 0
}

/** Without a server there are no names. */
async function namesOf(ask: () => Promise<{ models: readonly { name: string }[] }>): Promise<string[]> {
  try {
    return (await ask()).models.map(({ name }) => name)
  } catch (error) {
    if (isAppError(error)) return []
    throw error
  }
}
