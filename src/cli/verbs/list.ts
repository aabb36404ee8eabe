import type { PartialsResponseBody } from '../../api/maintenance.ts'
import { formatBytes } from '../../base/bytes.ts'
import { JSON_FLAG, printJson } from '../json.ts'
import { formatModels, readModels } from '../model-list.ts'
import { fromLlamero } from '../server.ts'
import { formatRelativeTime } from '../terminal/format.ts'
import { formatTable } from '../terminal/table.ts'
import { ANY_ARGUMENTS, type Context, type Verb } from '../verb.ts'

export const listVerb: Verb = {
  name: 'list',
  aliases: ['ls'],
  usage: 'list [PREFIX]',
  summary: 'List models',
  arguments: ANY_ARGUMENTS,
  completes: 'models',
  flags: {
    json: JSON_FLAG,
    partial: {
      type: 'boolean',
      help: 'List unfinished downloads instead; pull goes on with them, rm MODEL and prune --partial remove them',
    },
  },
  variables: ['host'],
  async run(context, invocation) {
    const json = invocation.boolean('json')
    if (invocation.boolean('partial')) return listPartials(context, json)
    const models = await readModels(context, invocation.positionals[0])
    if (json) printJson(context.io, { models })
    else context.io.stdout.write(formatModels(models, context.clock.nowMs()))
    return 0
  },
}

async function listPartials({ client, clock, config, io }: Context, json: boolean): Promise<number> {
  const { partials } = await fromLlamero(client, config.serverUrl, client.partials())
  if (json) printJson(io, { partials })
  else io.stdout.write(formatPartials(partials, clock.nowMs()))
  return 0
}

function formatPartials(partials: PartialsResponseBody['partials'], nowMs: number): string {
  const rows = partials.map(({ digest, models, completed, total, modified_at: modifiedAt }) => [
    digest.replace('sha256:', '').slice(0, 12),
    models.join(', ') || '-',
    formatBytes(completed),
    total === 0 ? '-' : formatBytes(total),
    total === 0 ? '-' : `${Math.floor((completed / total) * 100)}%`,
    formatRelativeTime(Date.parse(modifiedAt), nowMs),
  ])
  return formatTable({ header: ['DIGEST', 'MODEL', 'DONE', 'TOTAL', 'PERCENT', 'MODIFIED'], rows })
}
