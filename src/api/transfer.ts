// Pull and push, and the progress that they and create report.

import { AppError } from '../base/errors.ts'
import { flag, number, struct, text } from './fields.ts'

export interface TransferRequestBody {
  model: string
  insecure?: boolean
  /** Llamero's own: bytes per second, on all connections together. */
  limit_rate?: number
  stream?: boolean
}

export interface ProgressBody {
  status: string
  digest?: string
  total?: number
  completed?: number
}

const fields = { model: text, name: text, insecure: flag, username: text, password: text, limit_rate: number, stream: flag } as const

export const pullRequest = struct('PullRequest', fields)
export const pushRequest = struct('PushRequest', fields)

/** Throws `invalid_request`. */
export function checkLimitRate(bytesPerSecond: number | undefined): void {
  if (bytesPerSecond !== undefined && bytesPerSecond < 1)
    throw new AppError('invalid_request', 'limit_rate must be one byte per second or more')
}
