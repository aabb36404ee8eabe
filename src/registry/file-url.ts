// A GGUF file somewhere on the web, given in place of a model's name, or any one of the parts of a model. The model is named after the file.

import { AppError } from '../base/errors.ts'
import { DEFAULT_HOST, DEFAULT_NAMESPACE, DEFAULT_TAG, type ModelName, toModelName } from '../model/name.ts'
import { decodePercent } from './percent.ts'

const MAX_NAME_LENGTH = 80
const PART = /-(\d{5})-of-(\d{5})$/
/** The largest models have some dozens; each is asked about before anything is fetched. */
export const MAX_PARTS = 1000

/** Undefined for what is no `http(s)://.../name.gguf`, or has a password in it. */
export function parseFileUrl(text: string): URL | undefined {
  const trimmed = text.trim()
  if (!/^https?:\/\//i.test(trimmed) || !URL.canParse(trimmed)) return undefined
  const url = new URL(trimmed)
  return /\/[^/]+\.gguf$/i.test(url.pathname) && url.username === '' && url.password === '' ? url : undefined
}

/** `.../Tiny%20Model.Q4_0.gguf` -> `Tiny-Model.Q4_0:latest`, with or without the number of its part. Throws `invalid_model_name`. */
export function nameOfFile(url: URL): ModelName {
  const file = decodePercent(url.pathname.slice(url.pathname.lastIndexOf('/') + 1))
    .slice(0, -'.gguf'.length)
    .replace(PART, '')
  const model = file
    .replace(/[^A-Za-z0-9_.-]+/g, '-')
    .replace(/^[^A-Za-z0-9_]+/, '')
    .slice(0, MAX_NAME_LENGTH)
  const name = toModelName({ host: DEFAULT_HOST, namespace: DEFAULT_NAMESPACE, model, tag: DEFAULT_TAG })
  if (!name) throw new AppError('invalid_model_name', 'invalid model name', { details: { model: url.pathname } })
  return name
}

/** All parts in order, whichever one was named; the URL itself where it is none. Throws `invalid_request` for more than MAX_PARTS. */
export function partUrls(url: URL): URL[] {
  const stem = url.pathname.slice(0, -'.gguf'.length)
  const [whole, index, count] = PART.exec(stem) ?? []
  if (whole === undefined || Number(index) < 1 || Number(index) > Number(count)) return [url]
  if (Number(count) > MAX_PARTS) throw new AppError('invalid_request', `a model of more than ${MAX_PARTS} parts is not pulled`)
  return Array.from({ length: Number(count) }, (_, position) => {
    const part = new URL(url)
    part.pathname = `${stem.slice(0, -whole.length)}-${String(position + 1).padStart(5, '0')}-of-${count}${url.pathname.slice(stem.length)}`
    return part
  })
}
