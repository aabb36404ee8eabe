import { checkArgumentCount, usageError } from '../arguments.ts'
import { JSON_LINES_FLAG } from '../json.ts'
import { pullAll } from '../pull-all.ts'
import { pullModel } from '../pull-model.ts'
import { readTransferFlags, TRANSFER_FLAGS } from '../transfer-flags.ts'
import type { Verb } from '../verb.ts'

export const pullVerb: Verb = {
  name: 'pull',
  usage: 'pull MODEL',
  summary: 'Get a model from a registry',
  // With --all there is no model; what it is without is checked below.
  arguments: { min: 0, max: Number.POSITIVE_INFINITY },
  completes: 'models',
  flags: {
    all: { type: 'boolean', help: 'Update every model that came from a registry' },
    ...TRANSFER_FLAGS,
    json: JSON_LINES_FLAG,
  },
  variables: ['host'],
  async run(context, invocation) {
    const { positionals } = invocation
    const options = { ...readTransferFlags(invocation), json: invocation.boolean('json') }
    if (invocation.boolean('all')) {
      if (positionals.length > 0) throw usageError('--all updates all models: name none')
      return pullAll(context, options)
    }
    checkArgumentCount(positionals.length, { min: 1, max: 1 })
    await pullModel(context, positionals[0] ?? '', options)
    return 0
  },
}
