import { JSON_LINES_FLAG, printJsonLine } from '../json.ts'
import { isNotFound, isUnreachable } from '../server.ts'
import type { Context, Verb } from '../verb.ts'
import { unloadModel } from './stop.ts'

export const rmVerb: Verb = {
  name: 'rm',
  usage: 'rm MODEL [MODEL...]',
  summary: 'Remove models',
  arguments: { min: 1, max: Number.POSITIVE_INFINITY },
  completes: 'models',
  flags: { json: JSON_LINES_FLAG },
  variables: ['host'],
  async run(context, invocation) {
    const { positionals } = invocation
    const json = invocation.boolean('json')
    let status = 0
    for (const model of positionals) {
      try {
        await removeModel(context, model)
        if (json) printJsonLine(context.io, { status: 'deleted', model })
        else context.io.stdout.write(`deleted '${model}'\n`)
      } catch (error) {
        if (isUnreachable(error)) throw error
        const message = error instanceof Error ? error.message : String(error)
        if (json) printJsonLine(context.io, { status: 'failed', model, error: message })
        if (positionals.length === 1) throw error
        context.io.stderr.write(`Error: ${message}\n`)
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
}
