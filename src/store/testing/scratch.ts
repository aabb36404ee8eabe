// A store in a folder of its own, removed when the test file ends.

import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type Log, silentLog } from '../../base/log.ts'
import { createManualClock, type ManualClock } from '../../base/testing/manual-clock.ts'
import type { Layer, Manifest } from '../../model/manifest.ts'
import { MEDIA_TYPES } from '../../model/media-type.ts'
import { createStore } from '../open.ts'
import type { Store } from '../store.ts'

/** In memory where the system has such a folder: what is tested here syncs a lot. */
const PARENT = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

export interface Scratch {
  root: string
  store: Store
  clock: ManualClock
  /** Messages of the log, with their fields. */
  logged: string[]
  remove(): void
}

export async function createScratch(options: { noPrune?: boolean; clock?: ManualClock } = {}): Promise<Scratch> {
  const root = mkdtempSync(path.join(PARENT, 'store-'))
  const logged: string[] = []
  const log: Log = { ...silentLog, warn: (message, fields) => void logged.push(`${message} ${JSON.stringify(fields ?? {})}`) }
  const clock = options.clock ?? createManualClock(Date.now())
  const store = await createStore({ root, log, clock, noPrune: options.noPrune ?? false })
  return { root, store, clock, logged, remove: () => rmSync(root, { recursive: true, force: true }) }
}

/** A model of texts: the first is its config, the others are its layers. */
export async function writeModelBlobs(store: Store, config: string, ...layers: string[]): Promise<Manifest> {
  const toLayer = async (text: string, mediaType: string): Promise<Layer> => {
    const { digest, sizeBytes } = await store.blobs.write(text)
    return { mediaType, digest, sizeBytes }
  }
  const written = []
  for (const text of layers) written.push(await toLayer(text, MEDIA_TYPES.license))
  return { config: await toLayer(config, MEDIA_TYPES.config), layers: written }
}
