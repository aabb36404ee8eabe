// /api/llamero/*: Llamero's own endpoints about the store and the server.

import { decodeBody } from '../../api/decode.ts'
import {
  type DoctorResponseBody,
  IMPORT_PROOF_BYTES,
  type ImportRecord,
  importRequest,
  type OriginsResponseBody,
  type PartialsResponseBody,
  type PruneResponseBody,
  pruneRequest,
  stopRequest,
  type VerifyRecord,
  verifyRequest,
} from '../../api/maintenance.ts'
import { AppError } from '../../base/errors.ts'
import type { ImportEvent, MaintenanceService, VerifyEvent } from '../../service/maintenance/maintenance.ts'
import { empty, json, type Reply } from '../kernel/reply.ts'
import type { HttpRequest } from '../kernel/request.ts'
import { type Route, routesOver } from '../kernel/route.ts'
import { peek } from '../peek.ts'
import { failNative, streamFailure } from './errors.ts'
import { formatLocal } from './wire.ts'

export interface MaintenanceContext {
  maintenance: MaintenanceService
  /** Ends the server when the key is right; false when it is not. */
  stop(key: string): boolean
}

export function createMaintenanceRoutes(context: MaintenanceContext): Route[] {
  const route = routesOver(context)
  const fail = failNative('other')
  return [
    route('POST', '/api/llamero/prune', fail, handlePrune),
    route('POST', '/api/llamero/verify', fail, handleVerify),
    route('POST', '/api/llamero/import', fail, handleImport),
    route('GET', '/api/llamero/partials', fail, handlePartials),
    route('GET', '/api/llamero/origins', fail, handleOrigins),
    route('GET', '/api/llamero/doctor', fail, handleDoctor),
    route('POST', '/api/llamero/stop', fail, handleStop),
  ]
}

async function handlePrune(request: HttpRequest, { maintenance }: MaintenanceContext): Promise<Reply> {
  const { dry_run: dryRun = false, partials = false } = decodeBody(await request.readBody(), pruneRequest)
  const items = await maintenance.prune({ dryRun, partials })
  const removed = items.map(({ kind, digest, sizeBytes }) => ({ kind, ...(digest === undefined ? {} : { digest }), size: sizeBytes }))
  const body: PruneResponseBody = { removed, size: items.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0), dry_run: dryRun }
  return json(body)
}

async function handleVerify(request: HttpRequest, { maintenance }: MaintenanceContext): Promise<Reply> {
  const { model = '', fix = false } = decodeBody(await request.readBody(), verifyRequest)
  return { kind: 'ndjson', records: toRecords(maintenance.verify({ model, fix }, request.signal)), failure: streamFailure('other') }
}

async function handleImport(request: HttpRequest, { maintenance }: MaintenanceContext): Promise<Reply> {
  const wire = decodeBody(await request.readBody(), importRequest)
  const { path = '', size = 0, modified = 0, begins_with: sha256 = '', link = false } = wire
  const events = maintenance.importFile(
    { path, sizeBytes: size, modifiedMs: modified, start: { bytes: IMPORT_PROOF_BYTES, sha256 }, link },
    request.signal,
  )
  const { all } = await peek(events)
  return { kind: 'ndjson', records: toImportRecords(all), failure: streamFailure('other') }
}

async function* toImportRecords(events: AsyncIterable<ImportEvent>): AsyncGenerator<ImportRecord> {
  for await (const event of events) {
    yield event.type === 'progress'
      ? { status: 'importing', completed: event.completedBytes, total: event.totalBytes }
      : { status: 'success', digest: event.digest, size: event.sizeBytes }
  }
}

async function handlePartials(_: HttpRequest, { maintenance }: MaintenanceContext): Promise<Reply> {
  const partials = (await maintenance.partials()).map(({ digest, models, sizeBytes, completedBytes, modifiedMs }) => ({
    digest,
    models,
    completed: completedBytes,
    total: sizeBytes,
    modified_at: formatLocal(modifiedMs),
  }))
  const body: PartialsResponseBody = { partials }
  return json(body)
}

async function handleOrigins(_: HttpRequest, { maintenance }: MaintenanceContext): Promise<Reply> {
  const body: OriginsResponseBody = { models: await maintenance.origins() }
  return json(body)
}

async function handleDoctor(_: HttpRequest, { maintenance }: MaintenanceContext): Promise<Reply> {
  const body: DoctorResponseBody = { checks: await maintenance.diagnose() }
  return json(body)
}

async function handleStop(request: HttpRequest, { stop }: MaintenanceContext): Promise<Reply> {
  const { key = '' } = decodeBody(await request.readBody(), stopRequest)
  if (!stop(key)) throw new AppError('forbidden', 'the server is stopped by the user who started it, on its own machine')
  return empty()
}

async function* toRecords(events: AsyncIterable<VerifyEvent>): AsyncGenerator<VerifyRecord> {
  for await (const event of events) yield toRecord(event)
}

function toRecord(event: VerifyEvent): VerifyRecord {
  switch (event.type) {
    case 'progress':
      return { status: 'verifying', completed: event.completedBytes, total: event.totalBytes }
    case 'damaged-blob': {
      const { digest, reason, models, removed } = event
      return { status: 'damaged', digest, reason, models, removed }
    }
    case 'damaged-manifest':
      return { status: 'damaged', manifest: event.path, reason: 'manifest', models: [], removed: false }
    case 'done':
      return { status: 'success', blobs: event.blobs, size: event.sizeBytes, damaged: event.damaged }
  }
}
