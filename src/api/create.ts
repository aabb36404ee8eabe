import { AppError } from '../base/errors.ts'
import { anything, type Decoded, described, flag, kindOf, record, struct, text, textMap } from './fields.ts'
import { type MessageBody, messages } from './message.ts'

export interface CreateRequestBody {
  model: string
  stream?: boolean
  from?: string
  /** A Modelfile's text, or its path on the server's machine, as before Ollama 0.5.5. */
  modelfile?: string
  path?: string
  /** Relative path -> digest of a blob that was sent before. */
  files?: Record<string, string>
  adapters?: Record<string, string>
  draft_files?: Record<string, string>
  draft_quantize?: string
  template?: string
  system?: string
  license?: string | string[]
  parameters?: Record<string, unknown>
  messages?: MessageBody[]
  quantize?: string
  renderer?: string
  parser?: string
  requires?: string
  info?: Record<string, unknown>
}

/** `name` and `quantization` are older words for `model` and `quantize`. */
export const createRequest = struct('CreateRequest', {
  model: text,
  name: text,
  stream: flag,
  from: text,
  modelfile: text,
  path: text,
  remote_host: text,
  files: textMap,
  adapters: textMap,
  draft_files: textMap,
  draft_quantize: text,
  template: text,
  system: text,
  license: described(anything, { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] }),
  parameters: record,
  messages,
  quantize: text,
  quantization: text,
  renderer: text,
  parser: text,
  requires: text,
  info: record,
})

export type DecodedCreate = Decoded<(typeof createRequest)['fields']>

/** What is refused before a stream of progress may begin. Throws `invalid_request` and `invalid_digest`. */
export function checkCreate({ files = {}, adapters = {}, draft_files = {}, draft_quantize = '' }: DecodedCreate): void {
  for (const path of [...Object.keys(files), ...Object.keys(draft_files)]) {
    if (!isInside(path)) throw new AppError('invalid_request', 'file path must be relative')
  }
  for (const digest of [files, adapters, draft_files].flatMap((map) => Object.values(map))) {
    if (digest === '') throw new AppError('invalid_digest', 'invalid digest format', { details: { digest } })
  }
  if (draft_quantize !== '' && Object.keys(draft_files).length === 0)
    throw new AppError('invalid_request', '--draft-quantize requires a DRAFT model')
}

/** One text, several, or none. Throws `invalid_request`. */
export function toLicenses(license: unknown): string[] | undefined {
  if (license === undefined) return undefined
  if (typeof license === 'string') return license === '' ? undefined : [license]
  if (!Array.isArray(license)) throw wrongLicense(license, '[]string')
  const texts = license.filter((item) => item !== null)
  for (const item of texts) if (typeof item !== 'string') throw wrongLicense(item, 'string')
  return texts
}

function wrongLicense(value: unknown, goType: string): AppError {
  return new AppError('invalid_request', `json: cannot unmarshal ${kindOf(value)} into Go value of type ${goType}`, {
    details: { param: 'license' },
  })
}

function isInside(path: string): boolean {
  return path.split(/[/\\]/).every((part) => part !== '' && part !== '.' && part !== '..')
}
