// Pull and push, and the progress that they and create report.

import { flag, struct, text } from './fields.ts'

export interface TransferRequestBody {
  model: string
  insecure?: boolean
  stream?: boolean
}

export interface ProgressBody {
  status: string
  digest?: string
  total?: number
  completed?: number
}

const fields = { model: text, name: text, insecure: flag, username: text, password: text, stream: flag } as const

export const pullRequest = struct('PullRequest', fields)
export const pushRequest = struct('PushRequest', fields)
