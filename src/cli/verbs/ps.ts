import type { PsResponseBody } from '../../api/models.ts'
import { formatBytes } from '../../base/bytes.ts'
import { JSON_FLAG, printJson } from '../json.ts'
import { formatRelativeTime } from '../terminal/format.ts'
import { formatTable } from '../terminal/table.ts'
import { ANY_ARGUMENTS, type Verb } from '../verb.ts'

export const psVerb: Verb = {
  name: 'ps',
  usage: 'ps [PREFIX]',
  summary: 'List loaded models',
  arguments: ANY_ARGUMENTS,
  completes: 'running',
  flags: { json: JSON_FLAG },
  variables: ['host'],
  async run({ client, clock, io }, invocation) {
    const models = (await client.ps()).models.filter((model) => model.name.startsWith(invocation.positionals[0] ?? ''))
    if (invocation.boolean('json')) printJson(io, { models })
    else io.stdout.write(formatRunning(models, clock.nowMs()))
    return 0
  },
}

function formatRunning(models: PsResponseBody['models'], nowMs: number): string {
  const rows = models.map((model) => [
    model.name,
    model.digest.slice(0, 12),
    formatBytes(model.size),
    formatProcessor(model.size, model.size_vram),
    String(model.context_length),
    formatUntil(Date.parse(model.expires_at), nowMs),
  ])
  return formatTable({ header: ['NAME', 'ID', 'SIZE', 'PROCESSOR', 'CONTEXT', 'UNTIL'], rows })
}

function formatProcessor(sizeBytes: number, vramBytes: number): string {
  if (vramBytes === 0) return '100% CPU'
  if (vramBytes === sizeBytes) return '100% GPU'
  if (vramBytes > sizeBytes || sizeBytes === 0) return 'Unknown'
  const cpuPercent = Math.round(((sizeBytes - vramBytes) / sizeBytes) * 100)
  return `${cpuPercent}%/${100 - cpuPercent}% CPU/GPU`
}

function formatUntil(expiresMs: number, nowMs: number): string {
  return expiresMs < nowMs ? 'Stopping...' : formatRelativeTime(expiresMs, nowMs)
}
