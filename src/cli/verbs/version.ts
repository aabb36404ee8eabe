import { isUnreachable } from '../server.ts'
import type { Context } from '../verb.ts'

/** The server's version, and this program's where it differs. As `ollama` it speaks of the Ollama that it stands in for. */
export async function printVersion({ client, config, io, program }: Context): Promise<number> {
  const own = program === 'ollama' ? config.ollamaVersion : config.version
  const server = await readServer(client, program)
  if (server) io.stdout.write(`${server.name} version is ${server.version}\n`)
  else io.stdout.write(`Warning: could not connect to a running ${program === 'ollama' ? 'Ollama' : 'Llamero'} instance\n`)
  if (server?.version !== own) io.stdout.write(`Warning: client version is ${own}\n`)
  return 0
}

async function readServer(client: Context['client'], program: string): Promise<{ name: string; version: string } | undefined> {
  try {
    const { version, llamero } = await client.versions()
    return program === 'ollama' || llamero === undefined ? { name: 'ollama', version } : { name: 'llamero', version: llamero }
  } catch (error) {
    if (isUnreachable(error)) return undefined
    throw error
  }
}
