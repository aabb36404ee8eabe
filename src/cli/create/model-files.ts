// Which files of a folder make a model, and what they are called in the request. Order of choice: contract/native.md section 11.1.

import { open, readdir, realpath, stat } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { AppError } from '../../base/errors.ts'
import { isMissing } from '../../base/system-error.ts'

type Kind = 'zip' | 'binary' | 'text'

/** The first row that a folder has files for is the model. */
const WEIGHTS: readonly { pattern: RegExp; kind?: Kind; nested?: boolean }[] = [
  { pattern: /^model.*\.safetensors$/, nested: true },
  // Ollama's client does not look for the name that PEFT gives to an adapter.
  { pattern: /^adapter_model.*\.safetensors$/ },
  { pattern: /^consolidated.*\.safetensors$/ },
  { pattern: /^pytorch_model.*\.bin$/, kind: 'zip' },
  { pattern: /^consolidated.*\.pth$/, kind: 'zip' },
  { pattern: /\.gguf$/, kind: 'binary' },
  { pattern: /\.bin$/, kind: 'binary' },
]
const SNIFF_BYTES = 512
const MODEL_SUFFIX = /\.(gguf|safetensors|bin|pth)$/i

/** The path that FROM, ADAPTER or DRAFT names, or undefined where it is the name of a model. Throws `invalid_modelfile` for a file that is not there. */
export async function resolveLocalPath(value: string, folder: string, mustExist: boolean): Promise<string | undefined> {
  const resolved = path.resolve(folder, expandHome(value))
  try {
    return await realpath(resolved)
  } catch (error) {
    if (!isMissing(error)) throw error
    if (!mustExist && !looksLikePath(value)) return undefined
    throw new AppError('invalid_modelfile', `stat ${resolved}: no such file or directory`, { cause: error })
  }
}

/** The file, or the files of the folder that are the model. Throws `invalid_modelfile`. */
export async function findModelFiles(location: string): Promise<string[]> {
  return (await stat(location)).isDirectory() ? checkInside(location, await listModelFiles(location)) : [location]
}

/** Relative to the folder that holds them all; a file alone has its own name. Always with slashes. */
export function relativeNames(files: readonly string[]): string[] {
  const [first = ''] = files
  let root = path.dirname(first)
  while (!files.every((file) => !path.relative(root, file).startsWith('..'))) root = path.dirname(root)
  return files.map((file) => path.relative(root, file).split(path.sep).join('/'))
}

async function listModelFiles(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).sort()
  for (const { pattern, kind, nested } of WEIGHTS) {
    const own = await matching(folder, names, pattern, kind)
    if (own.length === 0) continue
    const below = nested ? await matchingBelow(folder, names, pattern) : []
    return [...new Set([...own, ...below, ...(await listSideFiles(folder, names))])]
  }
  throw new AppError('invalid_modelfile', 'no Modelfile or safetensors files found')
}

/** Configuration and tokenizer. */
async function listSideFiles(folder: string, names: readonly string[]): Promise<string[]> {
  const json = [
    ...pick(folder, names, /\.json$/),
    ...(await matchingBelow(folder, names, /\.json$/)),
    ...pick(folder, names, /^chat_template\.jinja$/),
  ]
  for (const file of json) {
    if ((await sniff(file)) !== 'text') throw new AppError('invalid_modelfile', `invalid content type: expected text/plain for ${file}`)
  }
  const tokenizer = await matching(folder, names, /^tokenizer\.model$/, 'binary')
  return [...json, ...(tokenizer.length > 0 ? tokenizer : await matchingBelow(folder, names, /^tokenizer\.model$/))]
}

function pick(folder: string, names: readonly string[], pattern: RegExp): string[] {
  return names.filter((name) => pattern.test(name) && !name.startsWith('.')).map((name) => path.join(folder, name))
}

/** Those of the kind; the pointer that Git LFS leaves in place of a file is text and so is passed over. */
async function matching(folder: string, names: readonly string[], pattern: RegExp, kind: Kind | undefined): Promise<string[]> {
  const files = pick(folder, names, pattern)
  if (kind === undefined) return files
  const kinds = await Promise.all(files.map(sniff))
  return kinds.every((found) => found === kind) ? files : []
}

async function matchingBelow(folder: string, names: readonly string[], pattern: RegExp): Promise<string[]> {
  const files: string[] = []
  for (const name of names) {
    const below = path.join(folder, name)
    if (name.startsWith('.') || !(await isFolder(below))) continue
    files.push(...pick(below, (await readdir(below)).sort(), pattern))
  }
  return files
}

/** A link that leads out of the folder would send a file that nobody named. */
async function checkInside(folder: string, files: readonly string[]): Promise<string[]> {
  const real = await Promise.all(files.map((file) => realpath(file)))
  for (const file of real) {
    const relative = path.relative(folder, file)
    if (!relative.startsWith('..') && !path.isAbsolute(relative)) continue
    const hint = relative.includes('.cache') ? '\n\nUse --local-dir <dir> when downloading model to disable caching' : ''
    throw new AppError('invalid_modelfile', `insecure path: ${relative}${hint}`)
  }
  return real
}

async function sniff(file: string): Promise<Kind> {
  await using handle = await open(file, 'r')
  const bytes = Buffer.alloc(SNIFF_BYTES)
  const { bytesRead } = await handle.read(bytes, 0, SNIFF_BYTES, 0)
  const head = bytes.subarray(0, bytesRead)
  if (head.toString('latin1', 0, 4) === 'PK\x03\x04') return 'zip'
  return /[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]/.test(head.toString('latin1')) ? 'binary' : 'text'
}

async function isFolder(location: string): Promise<boolean> {
  try {
    return (await stat(location)).isDirectory()
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

function expandHome(value: string): string {
  return value === '~' || value.startsWith('~/') ? path.join(os.homedir(), value.slice(1)) : value
}

/** Nobody calls a model so: it begins like a path, or it has the ending of a model file and no host before it. */
function looksLikePath(value: string): boolean {
  if (/^(\.{1,2}([/\\]|$)|[/~\\]|[A-Za-z]:[/\\])/.test(value)) return true
  const hasHost = value.includes('://') || /^[^/]*[.:][^/]*\//.test(value)
  return MODEL_SUFFIX.test(value) && !hasHost
}
