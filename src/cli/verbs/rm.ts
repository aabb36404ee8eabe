import { isNotFound, isUnreachable } from '../server.ts'
import type { Context, Verb } from '../verb.ts'
import { unloadModel } from './stop.ts'

export const rmVerb: Verb = {
  name: 'rm',
  usage: 'rm MODEL [MODEL...]',
  summary: 'Remove models',
  arguments: { min: 1, max: Number.POSITIVE_INFINITY },
  flags: {},
  variables: ['host'],
  async run(context, { positionals }) {
    let status = 0
    for (const model of positionals) {
      try {
        await removeModel(context, model)
      } catch (error) {
        if (isUnreachable(error) || positionals.length === 1) throw error
        context.io.stderr.write(`Error: ${error instanceof Error ? error.message : String(error)}\n`)
        status = 1
      }
    }
    return status
  },
}

async function removeModel(context: Context, model: string): Promise<void> {
  const { client, io } = context
  try {
    await unloadModel(context, model)
  } catch (error) {
    if (isUnreachable(error)) throw error
    if (!isNotFound(error)) io.stderr.write(`Warning: unable to stop model '${model}'\n`)
  }
  await client.delete({ model })
  io.stdout.write(`deleted '${model}'\n`)
}
