// Hugging Face gives every GGUF model as a registry does, except those that lie there in several files: these it refuses with a 400, and they
// are fetched as the files that they are. Which files belong to the wanted quantization is read from the repository's list.

import { AppError, isAppError, toAppError } from '../../base/errors.ts'
import { isRecord } from '../../base/json.ts'
import { DEFAULT_TAG, type ModelName } from '../../model/name.ts'
import { readBytes, readErrorText } from '../body.ts'
import { follow } from '../follow.ts'
import type { Progress } from '../registry.ts'
import { type Session, statusError } from '../session.ts'
import { type FileOptions, pullFiles } from './file.ts'
import type { Source, SourceOptions } from './source.ts'

/** The registry as it is for all other hosts. */
export function createHuggingFaceSource(registry: Source, options: FileOptions): Source {
  return { label: registry.label, pull: (name, request) => pull(name, request, { registry, ...options }) }
}

/** Where the two names of Hugging Face have their files. */
const HOSTS = ['hf.co', 'huggingface.co']
const API = 'https://huggingface.co'
const REFUSED = 400
/** What is meant where nothing is said, as there. */
const USUAL = 'Q4_K_M'
const MAX_LIST_BYTES = 4 * 1024 * 1024
/** Of a thousand files each. */
const MAX_PAGES = 20
const PART = /^(?:.*\/)?[^/]*-(\d{5})-of-(\d{5})\.gguf$/

async function* pull(name: ModelName, request: SourceOptions, options: FileOptions & { registry: Source }): AsyncGenerator<Progress> {
  if (!HOSTS.includes(name.host.toLowerCase()) || request.insecure) return yield* options.registry.pull(name, request)
  try {
    return yield* options.registry.pull(name, request)
  } catch (error) {
    if (!isAppError(error) || error.details.status !== REFUSED) throw error
    const session = options.openSession(name, false)
    const urls = await findParts(name, session, request.signal)
    if (!urls) throw error
    yield* pullFiles({ name, urls, session }, request, options)
  }
}

/** Undefined where the repository has no model in several files. Throws `registry_not_found` where it has some, and the wanted one is not among them. */
async function findParts(name: ModelName, session: Session, signal: AbortSignal | undefined): Promise<URL[] | undefined> {
  const repository = `${name.namespace}/${name.model}`
  const models = groupParts(await listFiles(session, new URL(`${API}/api/models/${repository}/tree/main?recursive=true`), signal))
  if (models.size === 0) return undefined
  const wanted = name.tag === DEFAULT_TAG ? [USUAL] : [name.tag.replace(/\.gguf$/i, '')]
  const stems = [...models.keys()]
  const stem = stems.find((each) => wanted.some((tag) => isOf(each, tag))) ?? (name.tag === DEFAULT_TAG ? stems[0] : undefined)
  const files = stem === undefined ? undefined : models.get(stem)
  if (!files) {
    throw new AppError('registry_not_found', `${repository} has no ${name.tag} in several files; it has ${stems.slice(0, 20).join(', ')}`)
  }
  return files.map((file) => new URL(`${API}/${repository}/resolve/main/${file.split('/').map(encodeURIComponent).join('/')}`))
}

/** The name without its part is the tag, ends with it, or lies in a folder of that name. */
function isOf(stem: string, tag: string): boolean {
  const [path, end] = [stem.toLowerCase(), tag.toLowerCase()]
  const file = path.slice(path.lastIndexOf('/') + 1)
  return file === end || (/[-._]$/.test(file.slice(0, -end.length)) && file.endsWith(end)) || path.split('/').slice(0, -1).includes(end)
}

/** Complete ones only: the path without the number -> its files in order. */
function groupParts(files: readonly string[]): Map<string, string[]> {
  const models = new Map<string, string[]>()
  for (const file of [...files].sort()) {
    const [, index, count] = PART.exec(file) ?? []
    if (index === undefined || count === undefined) continue
    const stem = file.slice(0, -`-${index}-of-${count}.gguf`.length)
    const parts = models.get(stem) ?? []
    if (Number(index) === parts.length + 1) models.set(stem, [...parts, file])
  }
  for (const [stem, parts] of models) if (parts.length !== Number(PART.exec(parts[0] ?? '')?.[2])) models.delete(stem)
  return models
}

async function listFiles(session: Session, first: URL, signal: AbortSignal | undefined): Promise<string[]> {
  const files: string[] = []
  let url: URL | undefined = first
  for (let page = 0; url && page < MAX_PAGES; page++) {
    const { reply, url: from } = await follow(session, url, signal ? { signal } : {})
    if (reply.status !== 200) throw statusError(reply.status, await readErrorText(reply))
    files.push(...parseList(Buffer.from(await readBytes(reply, MAX_LIST_BYTES)).toString('utf8')))
    const next = /<([^>]+)>;\s*rel="next"/.exec(reply.headers.link ?? '')?.[1]
    url = next === undefined ? undefined : session.resolve(next, from)
  }
  return files
}

function parseList(text: string): string[] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new AppError('registry_error', 'the list of files is not JSON', { cause: toAppError(cause) })
  }
  const items: unknown[] = Array.isArray(value) ? value : []
  return items.flatMap((item) => {
    const { type, path } = isRecord(item) ? item : {}
    return type === 'file' && typeof path === 'string' ? [path] : []
  })
}
