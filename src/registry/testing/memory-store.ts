// A store in memory that keeps the contract of store/store.ts, for tests of what uses a store. With a folder, `path` puts a blob there
// when it is asked for.

import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { AppError } from '../../base/errors.ts'
import { type Digest, digestHex, toDigest } from '../../model/digest.ts'
import { formatManifest, type Layer, type Manifest, parseManifest } from '../../model/manifest.ts'
import { fullName, type ModelName } from '../../model/name.ts'
import type { PartialBlob, Store, StoredManifest } from '../../store/store.ts'

export interface MemoryStore extends Store {
  readonly bytes: Map<Digest, Uint8Array>
  /** Bytes of downloads that are not committed. */
  readonly partials: Map<Digest, MemoryPartial>
  readonly removed: Digest[]
}

export function digestOf(bytes: Uint8Array | string): Digest {
  return toDigest(createHash('sha256').update(bytes).digest('hex'))
}

export function createMemoryStore(options: { folder?: string; freeBytes?: number } = {}): MemoryStore {
  const bytes = new Map<Digest, Uint8Array>()
  const partials = new Map<Digest, MemoryPartial>()
  const manifests = new Map<string, StoredManifest>()
  const removed: Digest[] = []
  const need = (digest: Digest) => {
    const found = bytes.get(digest)
    if (!found) throw new AppError('blob_not_found', `blob ${digest} not found`)
    return found
  }
  return {
    root: 'memory',
    bytes,
    partials,
    removed,
    blobs: {
      path(digest) {
        const file = path.join(options.folder ?? 'memory', digestHex(digest))
        if (options.folder !== undefined) writeFileSync(file, need(digest))
        return file
      },
      has: async (digest) => bytes.has(digest),
      keep: async (digest) => bytes.has(digest),
      sizeBytes: async (digest) => need(digest).length,
      readText: async (digest) => Buffer.from(need(digest)).toString('utf8'),
      async write(source, { expected } = {}) {
        const whole = typeof source === 'string' || source instanceof Uint8Array ? Buffer.from(source) : await collect(source)
        const digest = digestOf(whole)
        if (expected !== undefined && expected !== digest) throw mismatch(expected, digest)
        const existed = bytes.has(digest)
        bytes.set(digest, whole)
        return { digest, sizeBytes: whole.length, existed }
      },
      make: () => Promise.reject(new AppError('internal', 'files are not made here')),
      importFile: () => Promise.reject(new AppError('internal', 'files are not imported here')),
      async openPartial(digest, sizeBytes, { laterBytes = 0 } = {}) {
        const partial = partials.get(digest) ?? new MemoryPartial(digest, sizeBytes, bytes)
        const neededBytes = partial.missing().reduce((sum, { start, end }) => sum + end - start, laterBytes)
        const freeBytes = options.freeBytes ?? Number.MAX_SAFE_INTEGER
        if (neededBytes > freeBytes) throw new AppError('disk_full', 'the disk is too small', { details: { neededBytes, freeBytes } })
        if (partial.open) throw new AppError('internal', 'a download is open twice')
        partial.open = true
        partials.set(digest, partial)
        return partial
      },
    },
    manifests: {
      read: async (name) => manifests.get(fullName(name)),
      async write(name, manifest) {
        const stored = toStored(name, manifest)
        manifests.set(fullName(name), stored)
        return stored
      },
      remove: async (name) => manifests.delete(fullName(name)),
      list: async () => [...manifests.values()],
    },
    async removeUnused(candidates: readonly Layer[]) {
      removed.push(...candidates.map((layer) => layer.digest))
    },
    removePartials: async () => 0,
    prune: async () => {},
    freeBytes: async () => options.freeBytes ?? Number.MAX_SAFE_INTEGER,
  }
}

export class MemoryPartial implements PartialBlob {
  readonly sizeBytes: number
  readonly #digest: Digest
  readonly #data: Uint8Array
  readonly #written: Uint8Array
  readonly #blobs: Map<Digest, Uint8Array>
  open = false

  constructor(digest: Digest, sizeBytes: number, blobs: Map<Digest, Uint8Array>) {
    this.#digest = digest
    this.sizeBytes = sizeBytes
    this.#data = new Uint8Array(sizeBytes)
    this.#written = new Uint8Array(sizeBytes)
    this.#blobs = blobs
  }

  missing(): { start: number; end: number }[] {
    const ranges: { start: number; end: number }[] = []
    for (let start = this.#written.indexOf(0); start >= 0; ) {
      const next = this.#written.indexOf(1, start)
      const end = next < 0 ? this.sizeBytes : next
      ranges.push({ start, end })
      start = next < 0 ? -1 : this.#written.indexOf(0, end)
    }
    return ranges
  }

  async write(offset: number, given: Uint8Array | readonly Uint8Array[]): Promise<void> {
    const bytes = given instanceof Uint8Array ? given : Buffer.concat(given)
    const target = this.#written.subarray(offset, offset + bytes.length)
    if (!this.open || target.length !== bytes.length || target.includes(1)) throw new AppError('internal', 'these bytes are not missing')
    this.#data.set(bytes, offset)
    target.fill(1)
  }

  async commit(): Promise<void> {
    const actual = digestOf(this.#data)
    this.open = false
    if (actual !== this.#digest) {
      this.#written.fill(0)
      throw mismatch(this.#digest, actual)
    }
    this.#blobs.set(this.#digest, this.#data)
  }

  async close(): Promise<void> {
    this.open = false
  }
}

function toStored(name: ModelName, manifest: Manifest | Uint8Array): StoredManifest {
  const bytes = manifest instanceof Uint8Array ? manifest : Buffer.from(formatManifest(manifest))
  const parsed = parseManifest(Buffer.from(bytes).toString('utf8'))
  return { name, manifest: parsed, bytes, digestHex: digestHex(digestOf(bytes)), modifiedMs: 0 }
}

function mismatch(expected: Digest, actual: Digest): AppError {
  return new AppError('digest_mismatch', 'the bytes have another digest', { details: { expected, actual } })
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of source) chunks.push(chunk)
  return Buffer.concat(chunks)
}
