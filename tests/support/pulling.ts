// The real registry side over real sockets into a real store, with little patience.

import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { silentLog } from '../../src/base/log.ts'
import { mergeSplitFiles } from '../../src/gguf/merge.ts'
import { MEDIA_TYPES } from '../../src/model/media-type.ts'
import { parseModelName } from '../../src/model/name.ts'
import { createRegistry, type RegistryOptions } from '../../src/registry/create-registry.ts'
import type { Progress, Registry, TransferOptions } from '../../src/registry/registry.ts'
import { createStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { createFastClock } from './fast-clock.ts'

export interface Pulling {
  folder: string
  store: Store
  registry: Registry
  /** Over plain http. All lines of progress. */
  pull(name: string, options?: TransferOptions): Promise<Progress[]>
  push(name: string, options?: TransferOptions): Promise<Progress[]>
  /** Names in the folder of blobs. */
  blobs(): string[]
  remove(): void
}

/** Of a file that brings no manifest, the model has that one layer. */
export async function createPulling(options: Partial<RegistryOptions> = {}): Promise<Pulling> {
  const folder = mkdtempSync(path.join(tmpdir(), 'llamero-pulling-'))
  const root = path.join(folder, 'models')
  const store = options.store ?? (await createStore({ root }))
  const registry = createRegistry({
    store,
    log: silentLog,
    clock: createFastClock(),
    home: path.join(folder, 'home'),
    userHome: path.join(folder, 'user'),
    environment: {},
    version: '0.0.0',
    mergeFiles: mergeSplitFiles,
    async buildManifest({ digest, sizeBytes }) {
      const config = await store.blobs.write('{"model_format":"gguf"}')
      return { config: { mediaType: MEDIA_TYPES.config, ...config }, layers: [{ mediaType: MEDIA_TYPES.model, digest, sizeBytes }] }
    },
    catalogue: {},
    ...options,
  })
  return {
    folder,
    store,
    registry,
    pull: (name, request = {}) => collect(registry.pull(parseModelName(name), { insecure: true, ...request })),
    push: (name, request = {}) => collect(registry.push(parseModelName(name), { insecure: true, ...request })),
    blobs: () => (existsSync(path.join(root, 'blobs')) ? readdirSync(path.join(root, 'blobs')).sort() : []),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

async function collect(progress: AsyncIterable<Progress>): Promise<Progress[]> {
  const items: Progress[] = []
  for await (const item of progress) items.push(item)
  return items
}
