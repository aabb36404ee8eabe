// A model out of a GGUF file at a URL, or out of the parts of one (`name-00001-of-00003.gguf`): these are fetched one after the other and become
// one file, since a model is one blob here. The layers are made as a create makes them.

import { raceAbort } from '../../base/abort.ts'
import type { Clock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'
import type { Digest } from '../../model/digest.ts'
import { MEDIA_TYPES } from '../../model/media-type.ts'
import { type ModelName, toModelName } from '../../model/name.ts'
import type { Store, StoredManifest, WrittenBlob } from '../../store/store.ts'
import { checkSpace, type FetchedBlob, isStored } from '../blob-download.ts'
import { nameOfFile, partUrls } from '../file-url.ts'
import type { Progress, TransferOptions } from '../registry.ts'
import type { Session } from '../session.ts'
import type { SharedTasks } from '../shared-tasks.ts'
import { allLayers, readFormer, writeManifest } from '../write-manifest.ts'
import { type Merged, type MergeFiles, mergeParts, nameOfParts } from './merge-parts.ts'
import type { BuildManifest } from './package.ts'
import { askAboutFile, type FileFacts, fetchFile } from './remote-file.ts'

export interface FileOptions {
  store: Store
  log: Log
  clock: Clock
  downloads: SharedTasks<FetchedBlob>
  merges: SharedTasks<Merged>
  maxStreams?: number
  openSession(name: ModelName, insecure: boolean): Session
  build: BuildManifest
  merge: MergeFiles
}

/** Throws as a pull does, `invalid_model_name`, and what `build` says of a file that is no GGUF. */
export async function* pullFile(url: URL, request: TransferOptions, options: FileOptions): AsyncGenerator<Progress> {
  const name = nameOfFile(url)
  const urls = partUrls(url)
  if (url.protocol === 'http:' && !request.insecure) throw new AppError('invalid_request', 'insecure protocol http')
  const session = options.openSession(hostOf(url), url.protocol === 'http:')
  yield { status: 'pulling manifest' }
  yield* pullFiles({ name, urls, session }, request, options)
}

export interface ModelFiles {
  name: ModelName
  /** One GGUF, or its parts in order. */
  urls: readonly URL[]
  session: Session
}

/** Yields no `pulling manifest`. */
export async function* pullFiles(model: ModelFiles, request: TransferOptions, options: FileOptions): AsyncGenerator<Progress> {
  const { name, urls, session } = model
  const { store, log } = options
  const files: AskedFile[] = []
  for (const url of urls) files.push({ url, facts: await askAboutFile(session, url, request.signal) })
  const former = await readFormer(store, name, log)
  const known = nameOfParts(files.map(({ facts }) => facts.digest))
  if (known !== undefined && (await isMergedFrom(known, former, store))) return yield { status: 'success' }
  const blobs = yield* fetchAll(files, { ...options, session, request, model: name })
  const [first] = blobs
  if (blobs.length === 1 && first) return yield* finish({ gguf: first, name, former }, request, options)
  const parts = nameOfParts(blobs.map(({ digest }) => digest))
  const isDone = async () => parts !== undefined && (await isMergedFrom(parts, await readFormer(store, name, log), store))
  const lease = mergeParts(blobs, isDone, options)
  try {
    const gguf = yield* lease.watch(request.signal)
    if (gguf) yield* finish({ gguf, name, former, ...(parts === undefined ? {} : { parts }) }, request, options)
    else yield { status: 'success' }
  } finally {
    await lease.leave()
  }
}

interface AskedFile {
  url: URL
  facts: FileFacts
}

function hostOf(url: URL): ModelName {
  const name = toModelName({ host: url.host, namespace: 'library', model: 'file', tag: 'latest' })
  if (!name) throw new AppError('invalid_model_name', 'invalid model name', { details: { host: url.host } })
  return name
}

type Transfer = FileOptions & { session: Session; request: TransferOptions; model: ModelName }

async function* fetchAll(files: readonly AskedFile[], transfer: Transfer): AsyncGenerator<Progress, WrittenBlob[]> {
  const { store } = transfer
  const missing: number[] = []
  for (const { facts } of files) missing.push((await isThere(facts, store)) ? 0 : (facts.sizeBytes ?? 0))
  const mergedBytes = files.length === 1 ? 0 : files.reduce((sum, { facts }) => sum + (facts.sizeBytes ?? 0), 0)
  await checkSpace(store, sum(missing) + mergedBytes)
  const blobs: WrittenBlob[] = []
  for (const [index, file] of files.entries()) {
    blobs.push(yield* fetchFile({ ...transfer, ...file, laterBytes: sum(missing.slice(index + 1)) + mergedBytes }))
  }
  return blobs
}

async function isThere({ digest, sizeBytes }: FileFacts, store: Store): Promise<boolean> {
  return digest !== undefined && sizeBytes !== undefined && (await isStored(store, { mediaType: '', digest, sizeBytes }))
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + size, 0)
}

/** Whether the model that has the name was made of these very parts, and is whole. */
async function isMergedFrom(parts: string, former: StoredManifest | undefined, store: Store): Promise<boolean> {
  if (!former?.manifest.layers.some((layer) => layer.name === parts)) return false
  for (const layer of allLayers(former.manifest)) if (!(await isStored(store, layer))) return false
  return true
}

interface NewModel {
  gguf: { digest: Digest; sizeBytes: number; existed: boolean }
  name: ModelName
  former: StoredManifest | undefined
  /** Kept with the layer, so that the next pull sees that there is nothing new. */
  parts?: string
}

async function* finish(model: NewModel, request: TransferOptions, { store, log, build }: FileOptions): AsyncGenerator<Progress> {
  const { gguf, name, former, parts } = model
  const built = await raceAbort(build(gguf, {}), request.signal)
  const isMerged = ({ mediaType, digest }: { mediaType: string; digest: Digest }) =>
    mediaType === MEDIA_TYPES.model && digest === gguf.digest
  const layers = built.layers.map((layer) => (parts !== undefined && isMerged(layer) ? { ...layer, name: parts } : layer))
  yield* writeManifest({ name, manifest: { ...built, layers }, former }, store, log)
}
