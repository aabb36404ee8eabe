// An error of a server of another version is most often that version's: a server that was started before an update still runs. Not so where
// it says that a name is unknown or wrong.

import { isAppError } from '../base/errors.ts'
import type { Context } from './verb.ts'

const ASK_MS = 1000

/** Ollama passes over what it does not know, so that these are never about versions. */
const MISTAKES: readonly unknown[] = [400, 401, 403]
const NOT_FOUND = 404

/** A line that names both versions where they differ; empty otherwise, and where the server does not tell. */
export async function describeMismatch({ client, config, program }: Context, error: unknown): Promise<string> {
  if (!isAppError(error) || typeof error.details.status !== 'number' || error.details.status === NOT_FOUND) return ''
  const server = await client.versions(AbortSignal.timeout(ASK_MS)).catch(() => undefined)
  if (!server) return ''
  if (server.llamero === undefined) {
    if (server.version === config.ollamaVersion || MISTAKES.includes(error.details.status)) return ''
    return `The server is Ollama ${server.version}, and this program stands in for ${config.ollamaVersion}.\n`
  }
  if (server.llamero === config.version) return ''
  const restart = `'${program} stop --server' ends it`
  return `The server is Llamero ${server.llamero}, and this program is ${config.version}: a server from before an update may still run (${restart}).\n`
}
