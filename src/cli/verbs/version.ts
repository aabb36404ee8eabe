import { printJson } from '../json.ts'
import { isUnreachable } from '../server.ts'
import type { Context } from '../verb.ts'

/** The server's version, and this program's where it differs. As `ollama` it speaks of the Ollama that it stands in for. */
export async function printVersion({ client, config, io, program }: Context, json: boolean): Promise<number> {
  const server = await readServer(client)
  if (json) {
    printJson(io, { server: server ?? null, client: { version: config.ollamaVersion, llamero: config.version } })
    return 0
  }
  const own = program === 'ollama' ? config.ollamaVersion : config.version
  const shown = server && (program === 'ollama' || server.llamero === undefined ? server.version : server.llamero)
  const name = program === 'ollama' || server?.llamero === undefined ? 'ollama' : 'llamero'
  if (server) io.stdout.write(`${name} version is ${shown}\n`)
  else io.stdout.write(`Warning: could not connect to a running ${program === 'ollama' ? 'Ollama' : 'Llamero'} instance\n`)
  if (shown !== own) io.stdout.write(`Warning: client version is ${own}\n`)
  return 0
}

async function readServer(client: Context['client']): Promise<{ version: string; llamero?: string } | undefined> {
  try {
    return await client.versions()
  } catch (error) {
    if (isUnreachable(error)) return undefined
    throw error
  }
}
