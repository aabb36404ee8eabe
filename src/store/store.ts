// What the store offers. The only code that touches the models folder is in this directory; layout.ts knows the names of files,
// blobs.ts and manifests.ts move bytes, gc.ts deletes what nothing refers to, lock.ts keeps two processes apart.

import type { Digest } from '../model/digest.ts'
import type { Layer, Manifest } from '../model/manifest.ts'
import type { ModelName } from '../model/name.ts'
import type { StoreMaintenance } from './maintenance.ts'

export interface StoredManifest {
  /** As it is spelled on the disk, which may differ in case from what was asked for. */
  name: ModelName
  manifest: Manifest
  /** sha256 of the file's bytes, 64 hexadecimal digits without prefix: the model's ID. */
  digestHex: string
  /** The file as it is: pulled manifests keep their bytes, and push sends these. */
  bytes: Uint8Array
  modifiedMs: number
}

export interface WrittenBlob {
  digest: Digest
  sizeBytes: number
  /** It was there before; nothing was written. */
  existed: boolean
}

/** A download in parts that survives a kill. Parts are written at offsets; `commit` verifies the whole and gives the blob its name. */
export interface PartialBlob {
  readonly sizeBytes: number
  /** Byte ranges that are not yet on the disk, in order, [start, end). */
  missing(): { start: number; end: number }[]
  /** Writes at an offset inside one missing range, several pieces one behind the other. Progress is persisted every few seconds and at close. */
  write(offset: number, bytes: Uint8Array | readonly Uint8Array[]): Promise<void>
  /** All there: fsync, hash, compare with the digest, rename, fsync the folder. Throws `digest_mismatch` and deletes the bytes when they differ. */
  commit(): Promise<void>
  /** Persists the progress and lets go; a later open goes on. */
  close(): Promise<void>
}

export interface OpenPartialOptions {
  signal?: AbortSignal | undefined
  /** For which it is: shown where downloads are listed, and removed with it. */
  model?: ModelName | undefined
  /** What must fit on the disk besides the bytes that are missing. */
  laterBytes?: number
  /** While another process holds it: how many bytes are there by now. */
  onWaiting?(completedBytes: number): void
}

export interface BlobStore {
  /** Absolute path; the file need not exist. */
  path(digest: Digest): string
  has(digest: Digest): Promise<boolean>
  /** As `has`, and a blob that is there stays until a manifest refers to it or this process ends: for layers that need no transfer. */
  keep(digest: Digest): Promise<boolean>
  /** Throws `blob_not_found`. */
  sizeBytes(digest: Digest): Promise<number>
  /** Small blobs only (templates, params, config): refuses more than `maxBytes`. Throws `blob_not_found`. */
  readText(digest: Digest, maxBytes?: number): Promise<string>
  /** Temporary name, hash while writing, fsync, verify against `expected`, rename, fsync the folder. Leaves nothing behind on failure. */
  write(
    source: AsyncIterable<Uint8Array> | Uint8Array | string,
    options?: { expected?: Digest; signal?: AbortSignal },
  ): Promise<WrittenBlob>
  /**
   * A local file becomes a blob: its blocks are shared where the file system can, and copied elsewhere; hashed and verified like any other. A
   * file that is a blob already is not written again. `onRead` gets the bytes that were read since the last call. With `link`, a file whose blocks
   * cannot be shared becomes the blob itself, by a second name, where it is this user's and nobody else may write it.
   */
  importFile(
    path: string,
    options?: { expected?: Digest; signal?: AbortSignal; onRead?: (bytes: number) => void; link?: boolean },
  ): Promise<WrittenBlob>
  /**
   * A file that somebody else writes at a path of ours: synced, hashed and named like any other once `make` has resolved, which checks what it
   * has made before. Throws `disk_full` before `make` is called where `neededBytes` are not free, and when it fails on a full disk.
   */
  make(make: (path: string) => Promise<void>, options: { neededBytes: number; signal?: AbortSignal }): Promise<WrittenBlob>
  /**
   * Opens or resumes; one process at a time holds it (a second open waits for the lock or throws when aborted). Where the blob is there by now nothing
   * is missing. Throws `disk_full` before anything is written.
   */
  openPartial(digest: Digest, sizeBytes: number, options?: OpenPartialOptions): Promise<PartialBlob>
}

export interface ManifestStore {
  /** Case-insensitive per part, as contract/native.md 10.3. Throws `store_corrupt` for a file that is no manifest. */
  read(name: ModelName): Promise<StoredManifest | undefined>
  /** Atomic replacement. Bytes given by a registry are kept; a Manifest is formatted as Ollama does. Blobs only the old one used are removed unless told. */
  write(name: ModelName, manifest: Manifest | Uint8Array, options?: { keepUnused?: boolean }): Promise<StoredManifest>
  /** False when there was none. Removes empty folders; blobs stay until `removeUnused`. */
  remove(name: ModelName): Promise<boolean>
  /** Newest first; the same array as long as nothing in it has changed. Files that are no manifests are skipped (and reported once through the log). */
  list(): Promise<readonly StoredManifest[]>
}

export interface Store {
  readonly root: string
  readonly blobs: BlobStore
  readonly manifests: ManifestStore
  /**
   * Deletes those of the layers that no manifest refers to any more and no process counts on; with OLLAMA_NOPRUNE it does nothing. With `release`
   * this process counts on them no longer.
   */
  removeUnused(candidates: readonly Layer[], options?: { release?: boolean }): Promise<void>
  /** Unfinished downloads for this model alone, unless somebody is at work on them; how many. */
  removePartials(model: ModelName): Promise<number>
  /** At start: renames `sha256:` blobs, deletes unreferenced blobs and stale temporary files older than an hour (partials of pulls: a week). Nothing is deleted while a manifest is corrupt. */
  prune(): Promise<void>
  /** Free bytes on the volume of the models folder. */
  freeBytes(): Promise<number>
}

/** A store with what is asked of it by people only. */
export interface OpenStore extends Store {
  readonly maintenance: StoreMaintenance
}
