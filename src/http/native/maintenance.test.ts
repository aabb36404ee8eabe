import { describe, expect, it } from 'vitest'
import { AppError } from '../../base/errors.ts'
import { toDigest } from '../../model/digest.ts'
import type { MaintenanceService } from '../../service/maintenance/maintenance.ts'
import type { Reply } from '../kernel/reply.ts'
import type { HttpRequest } from '../kernel/request.ts'
import { createMaintenanceRoutes } from './maintenance.ts'

const digest = toDigest('ab'.repeat(32))

async function call(
  method: string,
  path: string,
  body: unknown,
  answers: Partial<MaintenanceService>,
  stop = (_: string) => false,
): Promise<Reply> {
  const routes = createMaintenanceRoutes({ maintenance: answers as MaintenanceService, stop })
  const route = routes.find((each) => each.method === method && each.path === path)
  if (!route) throw new Error(`no route ${method} ${path}`)
  const request = {
    readBody: async () => Buffer.from(JSON.stringify(body)),
    signal: new AbortController().signal,
  } as unknown as HttpRequest
  try {
    return await route.handle(request)
  } catch (error) {
    return route.fail(error as AppError)
  }
}

async function recordsOf(reply: Reply): Promise<unknown[]> {
  if (reply.kind !== 'ndjson') throw new Error(`no stream but ${reply.kind}`)
  const records = []
  for await (const record of reply.records) records.push(record)
  return records
}

describe('/api/llamero', () => {
  it('imports a file that is described, with progress', async () => {
    const asked: unknown[] = []
    const importFile: MaintenanceService['importFile'] = async function* (request) {
      asked.push(request)
      yield { type: 'progress', completedBytes: 3, totalBytes: 9 }
      yield { type: 'done', digest, sizeBytes: 9 }
    }
    const body = { path: '/m.gguf', size: 9, modified: 1.5, begins_with: 'ab' }
    expect(await recordsOf(await call('POST', '/api/llamero/import', body, { importFile }))).toEqual([
      { status: 'importing', completed: 3, total: 9 },
      { status: 'success', digest, size: 9 },
    ])
    expect(asked).toEqual([{ path: '/m.gguf', sizeBytes: 9, modifiedMs: 1.5, link: false, start: { bytes: 65536, sha256: 'ab' } }])
  })

  it('refuses with a status what cannot be imported', async () => {
    const importFile: MaintenanceService['importFile'] = async function* () {
      yield* []
      throw new AppError('invalid_request', 'no')
    }
    expect(await call('POST', '/api/llamero/import', {}, { importFile })).toMatchObject({ status: 400 })
  })

  it('prunes as it is told and sums up', async () => {
    const asked: unknown[] = []
    const prune: MaintenanceService['prune'] = async (request) => {
      asked.push(request)
      return [
        { kind: 'blob', digest, sizeBytes: 5 },
        { kind: 'temporary', sizeBytes: 2 },
      ]
    }
    const reply = await call('POST', '/api/llamero/prune', { dry_run: true, partials: true }, { prune })
    expect(reply).toMatchObject({
      status: 200,
      body: {
        removed: [
          { kind: 'blob', digest, size: 5 },
          { kind: 'temporary', size: 2 },
        ],
        size: 7,
        dry_run: true,
      },
    })
    await call('POST', '/api/llamero/prune', {}, { prune })
    expect(asked).toEqual([
      { dryRun: true, partials: true },
      { dryRun: false, partials: false },
    ])
  })

  it('streams what a check finds', async () => {
    async function* verify(): ReturnType<MaintenanceService['verify']> extends AsyncIterable<infer E> ? AsyncGenerator<E> : never {
      yield { type: 'progress', completedBytes: 1, totalBytes: 2 }
      yield { type: 'damaged-manifest', path: 'a/b/c/d' }
      yield { type: 'damaged-blob', digest, reason: 'hash', models: ['m:latest'], removed: true }
      yield { type: 'done', blobs: 1, sizeBytes: 2, damaged: 2 }
    }
    expect(await recordsOf(await call('POST', '/api/llamero/verify', {}, { verify }))).toEqual([
      { status: 'verifying', completed: 1, total: 2 },
      { status: 'damaged', manifest: 'a/b/c/d', reason: 'manifest', models: [], removed: false },
      { status: 'damaged', digest, reason: 'hash', models: ['m:latest'], removed: true },
      { status: 'success', blobs: 1, size: 2, damaged: 2 },
    ])
  })

  it('lists unfinished downloads', async () => {
    const partials = async () => [{ digest, models: ['m:latest'], sizeBytes: 10, completedBytes: 3, modifiedMs: 0 }]
    expect(await call('GET', '/api/llamero/partials', undefined, { partials })).toMatchObject({
      body: { partials: [{ digest, models: ['m:latest'], completed: 3, total: 10, modified_at: expect.stringMatching(/^19(70|69)-/) }] },
    })
  })

  it('ends the server for the right key only', async () => {
    const stop = (key: string) => key === 'right'
    expect(await call('POST', '/api/llamero/stop', { key: 'right' }, {}, stop)).toMatchObject({ kind: 'empty', status: 200 })
    expect(await call('POST', '/api/llamero/stop', { key: 'wrong' }, {}, stop)).toMatchObject({ status: 403 })
    expect(await call('POST', '/api/llamero/stop', {}, {}, stop)).toMatchObject({ status: 403 })
  })

  it('says that nothing is deleted while a manifest cannot be read', async () => {
    const prune = () => Promise.reject(new AppError('store_corrupt', 'nothing is deleted while ...'))
    expect(await call('POST', '/api/llamero/prune', {}, { prune })).toMatchObject({
      status: 500,
      body: { error: 'nothing is deleted while ...' },
    })
  })
})
