import { AppError } from '../../base/errors.ts'
import { checkArgumentCount, usageError } from '../arguments.ts'
import { JSON_FLAG, printJson } from '../json.ts'
import { isNotFound } from '../server.ts'
import { stopServer } from '../stop-server.ts'
import type { Context, Verb } from '../verb.ts'

/** The server unloads after the replies that are under way; longer than this nobody should have to look at a prompt that stands still. */
const MAX_UNLOAD_MS = 60_000

export const stopVerb: Verb = {
  name: 'stop',
  usage: 'stop MODEL',
  summary: 'Unload a model, or end the server',
  // With --server there is no model; what it is without is checked below.
  arguments: { min: 0, max: Number.POSITIVE_INFINITY },
  completes: 'running',
  flags: { server: { type: 'boolean', help: 'End the server; requests that run may end first' }, json: JSON_FLAG },
  variables: ['host', 'home'],
  async run(context, invocation) {
    const { positionals } = invocation
    const [model = ''] = positionals
    const server = invocation.boolean('server')
    if (server && positionals.length > 0) throw usageError('--server ends the server with all its models: name none')
    if (server) await stopServer(context)
    else {
      checkArgumentCount(positionals.length, { min: 1, max: 1 })
      await stopModel(context, model)
    }
    if (invocation.boolean('json'))
      printJson(context.io, { status: 'stopped', ...(server ? { server: context.config.serverUrl } : { model }) })
    return 0
  },
}

async function stopModel(context: Context, model: string): Promise<void> {
  try {
    await unloadModel(context, model)
  } catch (error) {
    if (isNotFound(error)) throw new AppError('model_not_found', `couldn't find model "${model}" to stop`, { cause: error })
    throw error
  }
}

export async function unloadModel({ client }: Context, model: string): Promise<void> {
  await client.show({ model })
  for await (const _ of client.generate({ model, keep_alive: 0 }, AbortSignal.timeout(MAX_UNLOAD_MS))) {
    // One object says that it is done.
  }
}
