import type { DamageReason, VerifyRecord } from '../../api/maintenance.ts'
import { formatBytes } from '../../base/bytes.ts'
import { AppError } from '../../base/errors.ts'
import { JSON_LINES_FLAG, printJsonLine } from '../json.ts'
import { isNotFound, requireLlamero } from '../server.ts'
import { createProgressDisplay } from '../terminal/progress.ts'
import type { Context, Verb } from '../verb.ts'

type Damage = Extract<VerifyRecord, { status: 'damaged' }>
type Summary = Extract<VerifyRecord, { status: 'success' }>

const REASONS: Readonly<Record<DamageReason, string>> = {
  missing: 'is missing',
  size: 'does not have the size that its manifest tells',
  hash: 'has other bytes than its name says',
  unreadable: 'cannot be read',
  manifest: 'cannot be read',
}

export const verifyVerb: Verb = {
  name: 'verify',
  usage: 'verify [MODEL]',
  summary: 'Check that models are undamaged',
  arguments: { min: 0, max: 1 },
  completes: 'models',
  flags: { fix: { type: 'boolean', help: 'Remove damaged blobs, so that a pull fetches them again' }, json: JSON_LINES_FLAG },
  variables: ['host'],
  /** Exit status 1 when something is damaged. */
  async run(context, invocation) {
    const { client, clock, config, io } = context
    const [model] = invocation.positionals
    const json = invocation.boolean('json')
    const display = json ? undefined : createProgressDisplay(io.stderr, clock)
    const damages: Damage[] = []
    let summary: Summary | undefined
    try {
      const request = { fix: invocation.boolean('fix'), ...(model === undefined ? {} : { model }) }
      for await (const record of client.verify(request)) {
        if (json) printJsonLine(io, record)
        if (record.status === 'verifying' && record.total > 0) {
          display?.bar('all', { label: 'verifying:', totalBytes: record.total, currentBytes: record.completed })
        } else if (record.status === 'damaged') damages.push(record)
        else if (record.status === 'success') summary = record
      }
    } catch (error) {
      if (isNotFound(error)) await requireLlamero(client, config.serverUrl, error)
      throw error
    } finally {
      display?.stop()
    }
    if (!summary) throw new AppError('internal', 'the server ended the check before it was done')
    if (!json) io.stdout.write(formatResult(context, damages, summary))
    return damages.length === 0 ? 0 : 1
  },
}

function formatResult({ program }: Context, damages: readonly Damage[], { blobs, size }: Summary): string {
  const lines = damages.map((damage) => {
    const what = damage.digest === undefined ? `manifest ${damage.manifest}` : `blob ${damage.digest.replace('sha256:', '').slice(0, 12)}`
    const whose = damage.models.length > 0 ? `, of ${damage.models.join(', ')}` : ''
    return `${what}${whose}: ${REASONS[damage.reason]}${damage.removed ? '; removed' : ''}\n`
  })
  const models = [...new Set(damages.flatMap((damage) => damage.models))]
  const remains = damages.some(({ reason, removed }) => reason === 'hash' && !removed)
  const advice = [
    ...(remains ? [`'${program} verify --fix' removes damaged blobs`] : []),
    ...(models.length > 0
      ? [`${remains ? 'then ' : ''}get them again: ${models.map((name) => `'${program} pull ${name}'`).join(', ')}`]
      : []),
  ]
  const count = damages.length === 0 ? 'none is damaged' : `${damages.length} damaged`
  return `${lines.join('')}${blobs} blobs checked (${formatBytes(size)}), ${count}\n${advice.length > 0 ? `${advice.join('; ')}\n` : ''}`
}
