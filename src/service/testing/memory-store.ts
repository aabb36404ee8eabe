// A store for tests that only read: blobs and manifests in memory.

import { createHash } from 'node:crypto'
import { AppError } from '../../base/errors.ts'
import { type Digest, toDigest } from '../../model/digest.ts'
import { formatManifest, type Layer, type Manifest } from '../../model/manifest.ts'
import { MEDIA_TYPES } from '../../model/media-type.ts'
import { isSameName, type ModelName, parseModelName } from '../../model/name.ts'
import type { Store, StoredManifest } from '../../store/store.ts'

export interface MemoryModel {
  config?: Record<string, unknown>
  /** Media type (a key of MEDIA_TYPES) -> text of the layer. Several texts make several layers. */
  layers?: Partial<Record<keyof typeof MEDIA_TYPES, string | string[]>>
}

export interface MemoryStore extends Store {
  add(name: string, model: MemoryModel): StoredManifest
  removeBlob(digest: Digest): void
  readonly textReads: number
}

export function createMemoryStore(): MemoryStore {
  const blobs = new Map<Digest, string>()
  const manifests: StoredManifest[] = []
  let textReads = 0
  const put = (text: string, mediaType: string): Layer => {
    const digest = toDigest(sha256(text))
    blobs.set(digest, text)
    return { mediaType, digest, sizeBytes: Buffer.byteLength(text) }
  }
  const unused = () => Promise.reject(new AppError('not_supported', 'this store only reads'))
  return {
    root: 'memory',
    blobs: {
      path: (digest) => `memory/${digest}`,
      has: async (digest) => blobs.has(digest),
      keep: async (digest) => blobs.has(digest),
      sizeBytes: async (digest) => Buffer.byteLength(blobs.get(digest) ?? ''),
      async readText(digest) {
        textReads += 1
        const text = blobs.get(digest)
        if (text === undefined) throw new AppError('blob_not_found', `no blob ${digest}`)
        return text
      },
      write: unused,
      importFile: unused,
      make: unused,
      openPartial: unused,
    },
    manifests: {
      read: async (name: ModelName) => manifests.findLast((stored) => isSameName(stored.name, name)),
      write: unused,
      remove: unused,
      list: async () => [...manifests],
    },
    removeUnused: async () => {},
    removePartials: async () => 0,
    prune: async () => {},
    freeBytes: async () => 0,
    add(name, { config, layers }) {
      const full = {
        model_format: 'gguf',
        model_family: 'llama',
        model_families: ['llama'],
        model_type: '135M',
        file_type: 'Q4_1',
        ...config,
      }
      const manifest: Manifest = {
        config: put(JSON.stringify(full), MEDIA_TYPES.config),
        layers: Object.entries(layers ?? {}).flatMap(([key, texts]) =>
          [texts].flat().map((text) => put(text, MEDIA_TYPES[key as keyof typeof MEDIA_TYPES])),
        ),
      }
      const text = formatManifest(manifest)
      const stored = { name: parseModelName(name), manifest, digestHex: sha256(text), bytes: Buffer.from(text), modifiedMs: 0 }
      manifests.push(stored)
      return stored
    },
    removeBlob: (digest) => void blobs.delete(digest),
    get textReads() {
      return textReads
    },
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
