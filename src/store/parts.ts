// The progress files of a download, in Ollama's format: one line of JSON for each part.

import { readdir, readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { unlessMissing } from '../base/system-error.ts'
import type { Digest } from '../model/digest.ts'
import { replaceFile, temporaryName } from './durable.ts'
import { type Folder, regularFile } from './folder.ts'
import { removeJournal } from './journal.ts'
import { BLOB_TEMPORARY, partialPath } from './layout.ts'
import { removeWanted } from './wanted.ts'

export interface Part {
  N: number
  Offset: number
  Size: number
  Completed: number
}

export interface Target {
  digest: Digest
  sizeBytes: number
}

const PARTS = 16
const SMALLEST_PART_BYTES = 100e6
const LARGEST_PART_BYTES = 1000e6
/** More are not made by anyone; fewer than a file of the largest size needs would be. */
const MAX_PARTS = 100_000
/** One short line. */
const MAX_PART_FILE_BYTES = 4096

/** A sixteenth each, but no less than 100 MB and no more than 1 GB. */
export function planParts(sizeBytes: number): Part[] {
  const size = Math.min(Math.max(Math.floor(sizeBytes / PARTS), SMALLEST_PART_BYTES), LARGEST_PART_BYTES)
  const parts: Part[] = []
  for (let offset = 0; offset < sizeBytes; offset += size) {
    parts.push({ N: parts.length, Offset: offset, Size: Math.min(size, sizeBytes - offset), Completed: 0 })
  }
  return parts
}

/** Undefined where there is nothing to go on from, or nothing that fits: parts must tile the whole size and the file must have it. */
export async function readParts(folder: Folder, { digest, sizeBytes }: Target): Promise<Part[] | undefined> {
  const data = await regularFile(folder.layout.blobs, partialPath(folder.layout, digest))
  if (data?.sizeBytes !== sizeBytes) return undefined
  const names = (await partialFiles(folder, digest)).filter((name) => /-\d+$/.test(name))
  if (names.length === 0 || names.length > MAX_PARTS) return undefined
  const parts = await Promise.all(names.map((name) => readPart(folder, path.join(folder.layout.blobs, name))))
  const whole = parts.filter((part): part is Part => part !== undefined).sort((a, b) => a.Offset - b.Offset)
  let end = 0
  for (const part of whole) {
    if (part.Offset !== end) return undefined
    end += part.Size
  }
  return whole.length === names.length && end === sizeBytes ? whole : undefined
}

async function readPart(folder: Folder, file: string): Promise<Part | undefined> {
  const facts = await regularFile(folder.layout.blobs, file)
  if (!facts || facts.sizeBytes > MAX_PART_FILE_BYTES) return undefined
  let value: unknown
  try {
    value = JSON.parse(await readFile(file, 'utf8'))
  } catch (error) {
    // A progress file that a crash cut short, or that is none. The download starts over.
    if (error instanceof SyntaxError) return undefined
    throw error
  }
  if (typeof value !== 'object' || value === null) return undefined
  const { N, Offset, Size, Completed } = value as Record<string, unknown>
  const fits = [N, Offset, Size, Completed].every((number) => Number.isSafeInteger(number) && (number as number) >= 0)
  if (!fits || (Completed as number) > (Size as number) || Number(/\d+$/.exec(file)?.[0]) !== N) return undefined
  return { N: N as number, Offset: Offset as number, Size: Size as number, Completed: Completed as number }
}

export async function writePart(folder: Folder, digest: Digest, part: Part): Promise<void> {
  const temporary = path.join(folder.layout.blobs, temporaryName(BLOB_TEMPORARY))
  await replaceFile(partialPath(folder.layout, digest, part.N), new TextEncoder().encode(`${JSON.stringify(part)}\n`), temporary)
}

/** The files of a download: the bytes and the progress. */
export async function partialFiles(folder: Folder, digest: Digest): Promise<string[]> {
  const prefix = path.basename(partialPath(folder.layout, digest))
  const names = (await unlessMissing(readdir(folder.layout.blobs))) ?? []
  return names.filter((name) => name === prefix || /^-\d{1,6}$/.test(name.startsWith(prefix) ? name.slice(prefix.length) : ''))
}

/** What counts bytes that the others do not goes first, then the bytes: progress files without them mean nothing, bytes without progress files would look complete to nobody either. */
export async function removePartial(folder: Folder, digest: Digest): Promise<void> {
  await removeJournal(folder, digest)
  await removeWanted(folder, digest)
  for (const name of (await partialFiles(folder, digest)).sort()) await rm(path.join(folder.layout.blobs, name), { force: true })
}
