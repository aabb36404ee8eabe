// Model names: [scheme://]host/namespace/model:tag. Grammar and defaults: contract/native.md section 10.3.
// Only parseModelName makes a ModelName, so its parts are always safe in a path.
// Beyond Ollama's grammar the namespace may have several segments (ghcr.io/org/team/model), for registries that nest repositories. Then the
// first part must look like a host. On the disk such a name is folded into Ollama's four parts, so that Ollama can read a models folder that both
// use: `ghcr.io::org::team/_/model`.

import { AppError } from '../base/errors.ts'

export interface ModelName {
  readonly host: string
  /** Of several segments, with slashes between, only where the host is another than Ollama's. */
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

/** Joins the host and the segments of the namespace in the part that is the host in Ollama's grammar. No host contains it. */
const NESTED = '::'
/** The namespace of a folded name. */
const NESTED_NAMESPACE = '_'
/** `localhost`, or something with a dot or a port: without that rule every path `a/b/c/d` on this machine would be a name. */
const NESTED_HOST = /^(?:localhost|[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+|[A-Za-z0-9_.-]+(?=:\d))(?::\d{1,5})?$/i
/** The folded host is the name of one folder, and file systems take no longer ones. */
const MAX_NESTED_LENGTH = 255

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
  const model = parts.pop() ?? ''
  // wire: a scheme stands before a host, and no part of a name looks like one.
  if (scheme >= 0 && parts.length < 2) return undefined
  if (parts.length > 2) return toModelName({ host: parts[0] ?? '', namespace: parts.slice(1).join('/'), model, tag })
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

/** The four parts of a name as anyone may write them, in text or as folders of the store. */
export type NameParts = Omit<ModelName, '__brand'>

/** Checks parts that come from elsewhere (folder names of the store), in either spelling of a namespace of several segments. */
export function toModelName(parts: NameParts): ModelName | undefined {
  const { host, namespace, model, tag } = parts
  if (!PARTS.model.test(model) || !PARTS.tag.test(tag)) return undefined
  if (host.includes(NESTED)) {
    const [outer = '', ...segments] = host.split(NESTED)
    return namespace === NESTED_NAMESPACE && segments.length > 1
      ? toModelName({ host: outer, namespace: segments.join('/'), model, tag })
      : undefined
  }
  const valid = namespace.includes('/') ? isNested(host, namespace) : PARTS.host.test(host) && PARTS.namespace.test(namespace)
  return valid ? ({ host, namespace, model, tag } as ModelName) : undefined
}

/** The name folded into Ollama's four parts, as the folders of the store are called. Other names stay as they are. */
export function toFlatParts({ host, namespace, model, tag }: ModelName): NameParts {
  if (!namespace.includes('/')) return { host, namespace, model, tag }
  return { host: flatHost(host, namespace), namespace: NESTED_NAMESPACE, model, tag }
}

function flatHost(host: string, namespace: string): string {
  return [host, ...namespace.split('/')].join(NESTED)
}

function isNested(host: string, namespace: string): boolean {
  return (
    NESTED_HOST.test(host) &&
    host.toLowerCase() !== DEFAULT_HOST &&
    namespace.split('/').every((segment) => PARTS.model.test(segment)) &&
    flatHost(host, namespace).length <= MAX_NESTED_LENGTH
  )
}

/** `model:tag`; the namespace when it is not `library`; everything when the host is another. */
export function shortName(name: ModelName): string {
  const base = `${name.model}:${name.tag}`
  if (name.host !== DEFAULT_HOST) return `${name.host}/${name.namespace}/${base}`
  return name.namespace === DEFAULT_NAMESPACE ? base : `${name.namespace}/${base}`
}

/** All four parts: `host/namespace/model:tag`. */
export function fullName(name: ModelName): string {
  return `${name.host}/${name.namespace}/${name.model}:${name.tag}`
}

/** Names that differ only in case mean the same model. */
export function isSameName(a: ModelName, b: ModelName): boolean {
  return fullName(a).toLowerCase() === fullName(b).toLowerCase()
}
