// Llamero's own, below /api/llamero: what is done to the store and to the server itself.

import { flag, number, struct, text } from './fields.ts'

export interface PruneRequestBody {
  /** Tells what would be removed, and removes nothing. */
  dry_run?: boolean
  /** Unfinished downloads of any age too. */
  partials?: boolean
}

export interface PruneResponseBody {
  removed: { kind: 'blob' | 'download' | 'temporary' | 'prefix' | 'translation'; digest?: string; size: number }[]
  size: number
  dry_run: boolean
}

export interface PartialsResponseBody {
  partials: { digest: string; models: string[]; completed: number; total: number; modified_at: string }[]
}

export interface VerifyRequestBody {
  /** One model; otherwise everything in the store. */
  model?: string
  /** Damaged blobs are removed, so that a pull fetches them again. */
  fix?: boolean
}

export type VerifyRecord =
  | { status: 'verifying'; completed: number; total: number }
  | {
      status: 'damaged'
      /** Absent for a manifest. */
      digest?: string
      manifest?: string
      reason: DamageReason
      models: string[]
      removed: boolean
    }
  | { status: 'success'; blobs: number; size: number; damaged: number }

/** `size`: the manifest tells another one. `hash`: the bytes are not those of the name. `manifest`: it cannot be read. */
export type DamageReason = 'missing' | 'size' | 'hash' | 'unreadable' | 'manifest'

/** A file of the server's own machine, described so that it can be no other. */
export interface ImportRequestBody {
  /** Absolute. */
  path: string
  size: number
  /** Milliseconds since 1970, with a fraction where the system knows one. */
  modified: number
  /** sha256, 64 hexadecimal digits, of the first IMPORT_PROOF_BYTES. */
  begins_with: string
  /** The file itself becomes the blob, by a second name, where its blocks cannot be shared. */
  link?: boolean
}

export const IMPORT_PROOF_BYTES = 64 * 1024

export type ImportRecord = { status: 'importing'; completed: number; total: number } | { status: 'success'; digest: string; size: number }

export interface OriginsResponseBody {
  models: { name: string; origin: 'registry' | 'local' }[]
}

export interface CheckBody {
  name: string
  level: 'ok' | 'warn' | 'fail'
  text: string
  advice?: string
}

export interface DoctorResponseBody {
  checks: CheckBody[]
}

export const pruneRequest = struct('PruneRequest', { dry_run: flag, partials: flag })
export const verifyRequest = struct('VerifyRequest', { model: text, fix: flag })
export const importRequest = struct('ImportRequest', { path: text, size: number, modified: number, begins_with: text, link: flag })
export const stopRequest = struct('StopRequest', { key: text })
