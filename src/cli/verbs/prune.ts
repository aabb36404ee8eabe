import type { PruneResponseBody } from '../../api/maintenance.ts'
import { formatBytes } from '../../base/bytes.ts'
import { JSON_FLAG, printJson } from '../json.ts'
import { fromLlamero } from '../server.ts'
import { NO_ARGUMENTS, type Verb } from '../verb.ts'

const KINDS = {
  blob: 'blob',
  download: 'unfinished download',
  temporary: 'temporary file',
  prefix: 'saved prefixes of',
  translation: 'translated copy of',
} as const

export const pruneVerb: Verb = {
  name: 'prune',
  usage: 'prune',
  summary: 'Remove blobs that no model uses',
  arguments: NO_ARGUMENTS,
  flags: {
    'dry-run': { type: 'boolean', help: 'Show what would be removed' },
    partial: { type: 'boolean', help: 'Remove unfinished downloads too, unless they are under way' },
    json: JSON_FLAG,
  },
  variables: ['host'],
  async run({ client, config, io }, invocation) {
    const request = { dry_run: invocation.boolean('dry-run'), partials: invocation.boolean('partial') }
    const report = await fromLlamero(client, config.serverUrl, client.prune(request))
    if (invocation.boolean('json')) printJson(io, report)
    else io.stdout.write(formatReport(report))
    return 0
  },
}

function formatReport({ removed, size, dry_run: dryRun }: PruneResponseBody): string {
  if (removed.length === 0) return 'nothing to remove\n'
  const word = dryRun ? 'would remove' : 'removed'
  const lines = removed.map(({ kind, digest, size: sizeBytes }) => {
    const name = digest === undefined ? '' : ` ${digest.replace('sha256:', '').slice(0, 12)}`
    return `${word} ${KINDS[kind]}${name} (${formatBytes(sizeBytes)})\n`
  })
  return `${lines.join('')}${formatBytes(size)} ${dryRun ? 'would be freed' : 'freed'}\n`
}
