// What is said between a server and the process that converts for it.

import type { ErrorCode } from '../base/errors.ts'
import type { GgufHead } from '../gguf/types.ts'

export type ToConverter =
  | { type: 'describe'; files: [name: string, path: string][]; base?: GgufHead | undefined }
  | { type: 'write'; path: string }

export type FromConverter =
  | { type: 'described'; sizeBytes: number; notes: string[] }
  | { type: 'written' }
  /** `errno` where it is the system's, such as ENOSPC. */
  | { type: 'failed'; code: ErrorCode; message: string; details: Readonly<Record<string, unknown>>; errno?: string | undefined }
