import { isUnreachable } from '../server.ts'
import type { Context } from '../verb.ts'

/** The server's version, and this program's where it differs. */
export async function printVersion({ client, config, io, program }: Context): Promise<number> {
  const serverVersion = await readServerVersion(client)
  if (serverVersion === undefined)
    io.stdout.write(`Warning: could not connect to a running ${program === 'ollama' ? 'Ollama' : 'Llamero'} instance\n`)
  else io.stdout.write(`${program} version is ${serverVersion}\n`)
  if (serverVersion !== config.version) io.stdout.write(`Warning: client version is ${config.version}\n`)
  return 0
}

async function readServerVersion(client: Context['client']): Promise<string | undefined> {
  try {
    return await client.version()
  } catch (error) {
    if (isUnreachable(error)) return undefined
    throw error
  }
}
