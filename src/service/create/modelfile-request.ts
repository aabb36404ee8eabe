// A create request whose contents are a Modelfile, as Ollama took them before 0.5.5 and many scripts still send them: its text in `modelfile`,
// or its place on the server's disk in `path`. Fields of the request itself win over what the Modelfile says.
// One text for every file that cannot be used: the API must not tell what is on the server's disk.

import path from 'node:path'
import { AppError, isAppError } from '../../base/errors.ts'
import { readGgufHead } from '../../gguf/head.ts'
import { isDigest } from '../../model/digest.ts'
import { tryParseModelName } from '../../model/name.ts'
import type { Modelfile, TextCommandName } from '../../modelfile/modelfile.ts'
import { readParameters } from '../../modelfile/parameters.ts'
import { MAX_MODELFILE_BYTES, parseModelfile } from '../../modelfile/parse.ts'
import { readLocalFile } from '../../store/local-file.ts'
import type { Store } from '../../store/store.ts'
import type { CreateRequest } from '../service.ts'

export async function withModelfile(request: CreateRequest, store: Store, signal: AbortSignal): Promise<CreateRequest> {
  const source = await readSource(request)
  if (source === undefined) return request
  const modelfile = await parseSource(source)
  const texts = (name: TextCommandName) => modelfile.commands.flatMap((command) => (command.name === name ? [command.value] : []))
  const places = { folder: source.folder, store, signal }
  const from = await readFrom(texts('from'), places)
  const filesOf = async (name: TextCommandName) =>
    Object.fromEntries(await Promise.all(texts(name).map(async (value) => [path.basename(value), await toDigest(value, places)] as const)))
  const [adapters, draftFiles] = [await filesOf('adapter'), await filesOf('draft')]
  const licenses = texts('license')
  return {
    ...optional('template', texts('template').at(-1)),
    ...optional('system', texts('system').at(-1)),
    ...optional('renderer', texts('renderer').at(-1)),
    ...optional('parser', texts('parser').at(-1)),
    ...optional('requires', texts('requires').at(-1)),
    ...(licenses.length > 0 ? { license: licenses } : {}),
    ...(Object.keys(adapters).length > 0 ? { adapters } : {}),
    ...(Object.keys(draftFiles).length > 0 ? { draftFiles } : {}),
    ...messagesOf(modelfile),
    ...from,
    ...withoutModelfile(request),
    parameters: { ...readParameters(modelfile).values, ...request.parameters },
  }
}

async function parseSource({ text, folder }: { text: string | Uint8Array; folder?: string }): Promise<Modelfile> {
  if (folder === undefined) return parseModelfile(text)
  // What is wrong with a file of this machine would tell that it is there.
  return usable((async () => parseModelfile(text))())
}

interface Places {
  /** Of the Modelfile; undefined for a text that came over the wire. */
  folder: string | undefined
  store: Store
  signal: AbortSignal
}

async function readSource({ modelfile, path: file }: CreateRequest): Promise<{ text: string | Uint8Array; folder?: string } | undefined> {
  if (modelfile) return { text: modelfile }
  if (!file) return undefined
  return { text: await usable(readLocalFile(file, MAX_MODELFILE_BYTES)), folder: path.dirname(path.resolve(file)) }
}

/** The last FROM that names a model, or all those that name files. */
async function readFrom(values: readonly string[], places: Places): Promise<Pick<CreateRequest, 'from' | 'files'>> {
  const model = values.findLast((value) => !isFile(value))
  if (model !== undefined) return { from: model }
  const files = await Promise.all(
    values.map(async (value) => [`${path.basename(value).replace(/^@?sha256[:-]/, '')}`, await toDigest(value, places)] as const),
  )
  return { files: Object.fromEntries(files.map(([name, digest]) => [name.endsWith('.gguf') ? name : `${name}.gguf`, digest])) }
}

/** `@sha256:...` is a blob that was uploaded before. What is no name of a model can only be a file. */
function isFile(value: string): boolean {
  return value.startsWith('@') || /^(\.{0,2}|~)\//.test(value) || value.endsWith('.gguf') || !tryParseModelName(value)
}

async function toDigest(value: string, { folder, store, signal }: Places): Promise<string> {
  if (value.startsWith('@') && isDigest(value.slice(1))) return value.slice(1)
  if (folder === undefined && !path.isAbsolute(value)) throw unusable()
  const file = path.resolve(folder ?? '/', value)
  // Before it is copied: else what becomes of it would tell that it is there.
  await usable(readGgufHead(file))
  return (await usable(store.blobs.importFile(file, { signal }))).digest
}

function messagesOf({ commands }: Modelfile): Pick<CreateRequest, 'messages'> {
  const messages = commands.flatMap((command) => (command.name === 'message' ? [{ role: command.role, content: command.value }] : []))
  return messages.length > 0 ? { messages } : {}
}

function withoutModelfile({ modelfile: _, path: __, ...request }: CreateRequest): CreateRequest {
  return Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined)) as unknown as CreateRequest
}

function optional<Key extends keyof CreateRequest>(key: Key, value: string | undefined): Partial<Record<Key, string>> {
  return value === undefined ? {} : ({ [key]: value } as Partial<Record<Key, string>>)
}

async function usable<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading
  } catch (error) {
    if (isAppError(error, 'cancelled') || isAppError(error, 'disk_full')) throw error
    throw unusable(error)
  }
}

function unusable(cause?: unknown): AppError {
  return new AppError(
    'invalid_request',
    'the Modelfile, or a file that it names, cannot be used: send files with POST /api/blobs and name them in `files`',
    { cause },
  )
}
