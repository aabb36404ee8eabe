// Opens a models folder, making what is missing of it.

import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { type Clock, systemClock } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'
import { type Log, silentLog } from '../base/log.ts'
import { errorCode } from '../base/system-error.ts'
import type { Layer } from '../model/manifest.ts'
import { createBlobStore } from './blobs.ts'
import { freeBytes } from './durable.ts'
import type { Folder } from './folder.ts'
import { pruneFolder, removePartialsOf, removeUnusedLayers, renameOldSpellings } from './gc.ts'
import { createLayout } from './layout.ts'
import { Locks } from './lock.ts'
import { createMaintenance } from './maintenance.ts'
import { createManifestStore } from './manifests.ts'
import { Pins } from './pins.ts'
import { prefixStatesFolder } from './prefix-states.ts'
import type { OpenStore } from './store.ts'
import { translationsFolder } from './translations.ts'

export interface StoreOptions {
  root: string
  /** Where the notes about this store are kept; beside the models folder unless told. */
  stateFolder?: string
  /** Unused blobs stay. */
  noPrune?: boolean
  /** False for who only looks: then folders that are missing stay so. */
  makesFolders?: boolean
  log?: Log
  clock?: Clock
}

/** Throws `internal` with the reason where the folder can neither be made nor read. */
export async function createStore({
  root,
  stateFolder = path.join(path.dirname(path.resolve(root)), '.llamero'),
  noPrune = false,
  makesFolders = true,
  log = silentLog,
  clock = systemClock,
}: StoreOptions): Promise<OpenStore> {
  const layout = createLayout(path.resolve(root))
  const pulledFile = path.join(stateFolder, `pulled-${createHash('sha256').update(layout.root).digest('hex').slice(0, 12)}.json`)
  const [prefixStates, translations] = [prefixStatesFolder(stateFolder), translationsFolder(stateFolder)]
  const [locks, pins] = [new Locks(layout.locks, clock), new Pins(layout.locks, clock)]
  const folder: Folder = { layout, locks, pins, pulledFile, prefixStates, translations, clock, log }
  if (makesFolders) await makeFolders(folder)
  const removeUnused = async (candidates: readonly Layer[], { release = false } = {}): Promise<void> => {
    if (release) await folder.pins.remove(candidates.map(({ digest }) => digest))
    if (!noPrune) await removeUnusedLayers(folder, candidates)
  }
  return {
    root: layout.root,
    blobs: createBlobStore(folder),
    manifests: createManifestStore(folder, removeUnused),
    removeUnused,
    removePartials: (model) => removePartialsOf(folder, model),
    async prune() {
      await renameOldSpellings(folder)
      if (!noPrune) await pruneFolder(folder)
    },
    freeBytes: () => freeBytes(layout.root),
    maintenance: createMaintenance(folder),
  }
}

async function makeFolders({ layout, log }: Folder): Promise<void> {
  try {
    await mkdir(layout.blobs, { recursive: true })
    await mkdir(layout.manifests, { recursive: true })
  } catch (error) {
    const code = errorCode(error)
    // A folder that only can be read serves the models that are in it.
    if (code === 'EROFS') log.warn('the models folder is read-only', { folder: layout.root })
    else
      throw new AppError(
        'internal',
        `the models folder ${layout.root} cannot be made (${code ?? 'unknown reason'}): check who may enter and write the folders above it`,
        { cause: error },
      )
  }
}
