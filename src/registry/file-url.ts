// A GGUF file somewhere on the web, given in place of a model's name. The model is named after the file.

import { AppError } from '../base/errors.ts'
import { DEFAULT_HOST, DEFAULT_NAMESPACE, DEFAULT_TAG, type ModelName, toModelName } from '../model/name.ts'

const MAX_NAME_LENGTH = 80
const SHARD = /-\d{5}-of-\d{5}$/

/** Undefined for what is no `http(s)://.../name.gguf`, or has a password in it. */
export function parseFileUrl(text: string): URL | undefined {
  const trimmed = text.trim()
  if (!/^https?:\/\//i.test(trimmed) || !URL.canParse(trimmed)) return undefined
  const url = new URL(trimmed)
  return /\/[^/]+\.gguf$/i.test(url.pathname) && url.username === '' && url.password === '' ? url : undefined
}

/** `.../Tiny%20Model.Q4_0.gguf` -> `Tiny-Model.Q4_0:latest`. Throws `invalid_model_name`, and `not_supported` for one part of several. */
export function nameOfFile(url: URL): ModelName {
  const file = decode(url.pathname.slice(url.pathname.lastIndexOf('/') + 1)).slice(0, -'.gguf'.length)
  if (SHARD.test(file)) {
    throw new AppError('not_supported', 'this file is one of several parts of a model; a model is pulled by URL only where it is one file')
  }
  const model = file
    .replace(/[^A-Za-z0-9_.-]+/g, '-')
    .replace(/^[^A-Za-z0-9_]+/, '')
    .slice(0, MAX_NAME_LENGTH)
  const name = toModelName({ host: DEFAULT_HOST, namespace: DEFAULT_NAMESPACE, model, tag: DEFAULT_TAG })
  if (!name) throw new AppError('invalid_model_name', 'invalid model name', { details: { model: url.pathname } })
  return name
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (error) {
    if (error instanceof URIError) return text
    throw error
  }
}
