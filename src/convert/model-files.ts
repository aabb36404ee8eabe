// The files of a model by the names they have in its folder, read with limits. The paths are those of blobs: a name never becomes a path here.

import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { invalidModel } from './failure.ts'
import { Fields } from './fields.ts'
import { checkOpenings } from './openings.ts'

export interface ModelFiles {
  /** Sorted. */
  readonly names: readonly string[]
  path(name: string): string | undefined
  /** Undefined where there is no such file. */
  bytes(name: string, maxBytes: number): Promise<Uint8Array | undefined>
  text(name: string, maxBytes: number): Promise<string | undefined>
  json(name: string, maxBytes: number): Promise<Fields | undefined>
}

/** config.json, tokenizer_config.json and their like; the largest known, with an inline vocabulary of added tokens, has 2 MB. */
export const MAX_CONFIG_BYTES = 16 * 1024 * 1024
/** Gemma 3's tokenizer.json has 33 MB. */
export const MAX_TOKENIZER_BYTES = 64 * 1024 * 1024
/** In one file. Gemma 3's tokenizer.json has half a million merges, each a list. */
export const MAX_OPENINGS = 4 * 1024 * 1024

/** `paths` is keyed by relative names; those of a model in a folder below the root are taken from that folder. */
export function createModelFiles(paths: ReadonlyMap<string, string>): ModelFiles {
  const files = withoutFolder(paths)
  const bytes = async (name: string, maxBytes: number) => {
    const path = files.get(name)
    return path === undefined ? undefined : readLimited(path, name, maxBytes)
  }
  const text = async (name: string, maxBytes: number) => {
    const found = await bytes(name, maxBytes)
    return found && new TextDecoder().decode(found)
  }
  return {
    names: [...files.keys()].sort(),
    path: (name) => files.get(name),
    bytes,
    text,
    async json(name, maxBytes) {
      const found = await bytes(name, maxBytes)
      if (!found) return undefined
      checkOpenings(found, MAX_OPENINGS, name)
      return new Fields(name, parseJson(new TextDecoder().decode(found), name))
    },
  }
}

/** Opens without waiting for the other end of a pipe; refuses what is no regular file. `label` is what messages call it. */
export async function openRegular(path: string, label: string): Promise<FileHandle> {
  let handle: FileHandle
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (cause) {
    throw invalidModel(`${label} cannot be opened`, { cause })
  }
  if ((await handle.stat()).isFile()) return handle
  await handle.close()
  throw invalidModel(`${label} is not a regular file`)
}

/** The folder of the config.json (or adapter_config.json) that lies highest is the model's. */
function withoutFolder(paths: ReadonlyMap<string, string>): Map<string, string> {
  const configs = [...paths.keys()].filter((name) => /(^|\/)(adapter_)?config\.json$/.test(name))
  const depth = (name: string) => name.split('/').length
  const [highest = ''] = configs.sort((a, b) => depth(a) - depth(b) || (a < b ? -1 : 1))
  const folder = highest.slice(0, highest.lastIndexOf('/') + 1)
  return new Map([...paths].filter(([name]) => name.startsWith(folder)).map(([name, path]) => [name.slice(folder.length), path]))
}

async function readLimited(path: string, name: string, maxBytes: number): Promise<Uint8Array> {
  const handle = await openRegular(path, name)
  try {
    const { size } = await handle.stat()
    if (size > maxBytes) throw invalidModel(`${name} has ${size} bytes, the limit is ${maxBytes}`)
    return await handle.readFile()
  } finally {
    await handle.close()
  }
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(withoutNonFinite(text.replace(/^\uFEFF/, '')))
  } catch (cause) {
    throw invalidModel(`parse ${name}: it is not JSON`, { cause })
  }
}

/** Python writes NaN and Infinity, which are no JSON; such a value counts as absent. */
function withoutNonFinite(text: string): string {
  if (!/\b(NaN|Infinity)\b/.test(text)) return text
  return text.replace(/"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/gs, (token) => (token.startsWith('"') ? token : 'null'))
}
