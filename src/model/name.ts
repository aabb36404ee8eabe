// Model names: [scheme://]host/namespace/model:tag. Grammar and defaults: contract/native.md section 10.3.
// Only parseModelName makes a ModelName, so its parts are always safe in a path.

import { AppError } from '../base/errors.ts'

export interface ModelName {
  readonly host: string
  readonly namespace: string
  readonly model: string
  readonly tag: string
  readonly __brand: 'ModelName'
}

export const DEFAULT_HOST = 'registry.ollama.ai'
export const DEFAULT_NAMESPACE = 'library'
export const DEFAULT_TAG = 'latest'

const PARTS = {
  host: /^[A-Za-z0-9_][A-Za-z0-9_.:-]{0,349}$/,
  namespace: /^[A-Za-z0-9_][A-Za-z0-9_-]{0,79}$/,
  model: /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}$/,
  tag: /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}$/,
} as const

/** The name with its missing parts filled in, or undefined where it is malformed. A scheme is accepted and dropped. */
export function tryParseModelName(text: string): ModelName | undefined {
  const scheme = text.indexOf('://')
  let rest = scheme >= 0 ? text.slice(scheme + 3) : text
  let tag = DEFAULT_TAG
  const colon = rest.lastIndexOf(':')
  if (colon > rest.lastIndexOf('/')) {
    tag = rest.slice(colon + 1)
    rest = rest.slice(0, colon)
  }
  const parts = rest.split('/')
  if (parts.length > 3) return undefined
  const model = parts.pop() ?? ''
  const namespace = parts.pop() ?? DEFAULT_NAMESPACE
  const host = parts.pop() ?? DEFAULT_HOST
  return toModelName({ host, namespace, model, tag })
}

/** Throws `invalid_model_name`. */
export function parseModelName(text: string): ModelName {
  const name = tryParseModelName(text)
  if (!name) throw new AppError('invalid_model_name', 'invalid model name', { details: { model: text } })
  return name
}

/** Checks parts that come from elsewhere (folder names of the store). */
export function toModelName(parts: { host: string; namespace: string; model: string; tag: string }): ModelName | undefined {
  const valid =
    PARTS.host.test(parts.host) && PARTS.namespace.test(parts.namespace) && PARTS.model.test(parts.model) && PARTS.tag.test(parts.tag)
  return valid ? ({ host: parts.host, namespace: parts.namespace, model: parts.model, tag: parts.tag } as ModelName) : undefined
}

/** `model:tag`; the namespace when it is not `library`; everything when the host is another. */
export function shortName(name: ModelName): string {
  const base = `${name.model}:${name.tag}`
  if (name.host !== DEFAULT_HOST) return `${name.host}/${name.namespace}/${base}`
  return name.namespace === DEFAULT_NAMESPACE ? base : `${name.namespace}/${base}`
}

export function fullName(name: ModelName): string {
  return `${name.host}/${name.namespace}/${name.model}:${name.tag}`
}

/** Names that differ only in case mean the same model. */
export function isSameName(a: ModelName, b: ModelName): boolean {
  return fullName(a).toLowerCase() === fullName(b).toLowerCase()
}
