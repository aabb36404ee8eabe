import { AppError } from '../../base/errors.ts'
import { isNotFound } from '../server.ts'
import { type Context, ONE_ARGUMENT, type Verb } from '../verb.ts'

/** The server unloads after the replies that are under way; longer than this nobody should have to look at a prompt that stands still. */
const MAX_UNLOAD_MS = 60_000

export const stopVerb: Verb = {
  name: 'stop',
  usage: 'stop MODEL',
  summary: 'Unload a model',
  arguments: ONE_ARGUMENT,
  flags: {},
  variables: ['host'],
  async run(context, { positionals: [model = ''] }) {
    try {
      await unloadModel(context, model)
    } catch (error) {
      if (isNotFound(error)) throw new AppError('model_not_found', `couldn't find model "${model}" to stop`, { cause: error })
      throw error
    }
    return 0
  },
}

export async function unloadModel({ client }: Context, model: string): Promise<void> {
  await client.show({ model })
  for await (const _ of client.generate({ model, keep_alive: 0 }, AbortSignal.timeout(MAX_UNLOAD_MS))) {
    // One object says that it is done.
  }
}
