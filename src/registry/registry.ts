// What the registry side offers to the service: pulls and pushes as streams of progress.

import type { ModelName } from '../model/name.ts'

/** One line of /api/pull, /api/push and /api/create. */
export interface Progress {
  status: string
  digest?: string
  totalBytes?: number
  completedBytes?: number
}

export interface TransferOptions {
  /** Plain http for this host. */
  insecure?: boolean
  /** On all connections together. */
  limitBytesPerSecond?: number
  signal?: AbortSignal
}

export interface Registry {
  /** Ends with `success`. Throws `registry_not_found`, `registry_unreachable`, `registry_error`, `digest_mismatch`, `disk_full`, `unauthorized`. */
  pull(name: ModelName, options: TransferOptions): AsyncIterable<Progress>
  /** A GGUF file as parseFileUrl takes it. Throws `invalid_request` for http that is not `insecure` besides. */
  pullFile(url: URL, options: TransferOptions): AsyncIterable<Progress>
  /** Throws `model_not_found` besides. */
  push(name: ModelName, options: TransferOptions): AsyncIterable<Progress>
}

export interface OpenRegistry extends Registry {
  /** The status that the usual registry answers with, whatever it is: it can be reached. Throws `registry_unreachable`. */
  reach(signal: AbortSignal): Promise<number>
}
