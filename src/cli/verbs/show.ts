import type { ShowResponseBody } from '../../api/models.ts'
import { AppError } from '../../base/errors.ts'
import { JSON_FLAG, printJson } from '../json.ts'
import { formatShownModel } from '../shown-model.ts'
import { ONE_ARGUMENT, type Verb } from '../verb.ts'

/** Flags that print one part of the model. `system` and `template` end without a line break, as they stand in the model. */
const PARTS = {
  license: (model: ShowResponseBody) => `${model.license ?? ''}\n`,
  modelfile: (model: ShowResponseBody) => `${model.modelfile ?? ''}\n`,
  parameters: (model: ShowResponseBody) => `${model.parameters ?? ''}\n`,
  template: (model: ShowResponseBody) => model.template ?? '',
  system: (model: ShowResponseBody) => model.system ?? '',
} as const

export const showVerb: Verb = {
  name: 'show',
  usage: 'show MODEL',
  summary: 'Show what a model is',
  arguments: ONE_ARGUMENT,
  completes: 'models',
  flags: {
    license: { type: 'boolean', help: 'Show its license' },
    modelfile: { type: 'boolean', help: 'Show its Modelfile' },
    parameters: { type: 'boolean', help: 'Show its parameters' },
    template: { type: 'boolean', help: 'Show its prompt template' },
    system: { type: 'boolean', help: 'Show its system message' },
    verbose: { type: 'boolean', short: 'v', help: 'Show metadata and tensors too' },
    json: JSON_FLAG,
  },
  variables: ['host'],
  async run({ client, io }, invocation) {
    const wanted = Object.entries(PARTS).filter(([name]) => invocation.boolean(name))
    if (wanted.length > 1) {
      const message = "only one of '--license', '--modelfile', '--parameters', '--system', or '--template' can be specified"
      throw new AppError('invalid_request', message)
    }
    const verbose = invocation.boolean('verbose')
    const model = await client.show({ model: invocation.positionals[0] ?? '', ...(verbose ? { verbose } : {}) })
    const part = wanted[0]?.[1]
    if (invocation.boolean('json')) printJson(io, model)
    else io.stdout.write(part ? part(model) : formatShownModel(model, verbose))
    return 0
  },
}
