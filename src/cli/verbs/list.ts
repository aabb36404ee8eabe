import { formatModels, readModels } from '../model-list.ts'
import { ANY_ARGUMENTS, type Verb } from '../verb.ts'

export const listVerb: Verb = {
  name: 'list',
  aliases: ['ls'],
  usage: 'list [PREFIX]',
  summary: 'List models',
  arguments: ANY_ARGUMENTS,
  flags: { json: { type: 'boolean', help: 'Print the answer of the server as JSON' } },
  variables: ['host'],
  async run(context, invocation) {
    const models = await readModels(context, invocation.positionals[0])
    context.io.stdout.write(
      invocation.boolean('json') ? `${JSON.stringify({ models }, null, 2)}\n` : formatModels(models, context.clock.nowMs()),
    )
    return 0
  },
}
