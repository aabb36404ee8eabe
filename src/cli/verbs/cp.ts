import { JSON_FLAG, printJson } from '../json.ts'
import type { Verb } from '../verb.ts'

export const cpVerb: Verb = {
  name: 'cp',
  usage: 'cp SOURCE DESTINATION',
  summary: 'Copy a model',
  arguments: { min: 2, max: 2 },
  completes: 'models',
  flags: { json: JSON_FLAG },
  variables: ['host'],
  async run({ client, io }, invocation) {
    const [source = '', destination = ''] = invocation.positionals
    await client.copy({ source, destination })
    if (invocation.boolean('json')) printJson(io, { status: 'copied', source, destination })
    else io.stdout.write(`copied '${source}' to '${destination}'\n`)
    return 0
  },
}
