import type { Verb } from '../verb.ts'

export const cpVerb: Verb = {
  name: 'cp',
  usage: 'cp SOURCE DESTINATION',
  summary: 'Copy a model',
  arguments: { min: 2, max: 2 },
  flags: {},
  variables: ['host'],
  async run({ client, io }, { positionals: [source = '', destination = ''] }) {
    await client.copy({ source, destination })
    io.stdout.write(`copied '${source}' to '${destination}'\n`)
    return 0
  },
}
