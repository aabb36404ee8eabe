// What a killed process had written of a download. The progress files (parts.ts) count what is synced, every few seconds, and only from the
// start of their parts; this file counts whatever was handed to the operating system, within milliseconds. That outlives the process and not
// the machine: so it holds for the same boot and the same file only, and where the system does not tell its boot there is none.
// One line of JSON, then lines `start end` that are only ever appended; a last line that was cut off does not count.

import { type FileHandle, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { unlessMissing } from '../base/system-error.ts'
import type { Digest } from '../model/digest.ts'
import { writeFully } from './durable.ts'
import { type Folder, regularFile } from './folder.ts'
import { journalPath } from './layout.ts'
import { bootId } from './owner.ts'
import type { Range } from './ranges.ts'

/** A terabyte on a slow line writes a tenth of this. */
const MAX_JOURNAL_BYTES = 64 * 1024 * 1024

export interface Journal {
  append(ranges: readonly Range[]): Promise<void>
  close(): Promise<void>
}

/** Ranges of `data` that are there, in no order. */
export async function readJournal(folder: Folder, digest: Digest, data: FileHandle): Promise<Range[]> {
  const file = journalPath(folder.layout, digest)
  const facts = await regularFile(folder.layout.locks, file)
  if (!facts || facts.sizeBytes > MAX_JOURNAL_BYTES) return []
  const text = (await unlessMissing(readFile(file, 'utf8'))) ?? ''
  const [head, ...lines] = text.split('\n').slice(0, -1)
  const { size } = await data.stat()
  return head === undefined || head !== (await headOf(data))
    ? []
    : (lines.map(parseLine).filter((range) => range !== undefined && range.end <= size) as Range[])
}

/** Begins anew, with what is known. Undefined where the system does not tell its boot. */
export async function startJournal(
  folder: Folder,
  digest: Digest,
  { data, known }: { data: FileHandle; known: readonly Range[] },
): Promise<Journal | undefined> {
  const head = await headOf(data)
  if (head === undefined) return undefined
  await mkdir(folder.layout.locks, { recursive: true })
  const file = journalPath(folder.layout, digest)
  const temporary = `${file}.new`
  await rm(temporary, { force: true })
  const handle = await open(temporary, 'wx', 0o644)
  let position = 0
  const write = async (text: string) => {
    const bytes = Buffer.from(text)
    const at = position
    position += bytes.length
    await writeFully(handle, bytes, at)
  }
  try {
    await write(`${head}\n${format(known)}`)
    await rename(temporary, file)
  } catch (error) {
    await handle.close()
    throw error
  }
  return { append: (ranges) => write(format(ranges)), close: () => handle.close() }
}

export async function removeJournal(folder: Folder, digest: Digest): Promise<void> {
  await rm(journalPath(folder.layout, digest), { force: true })
}

async function headOf(data: FileHandle): Promise<string | undefined> {
  const boot = bootId()
  if (boot === undefined) return undefined
  const { dev, ino } = await data.stat({ bigint: true })
  return JSON.stringify({ boot, file: `${dev}:${ino}` })
}

function format(ranges: readonly Range[]): string {
  return ranges.map(({ start, end }) => `${start} ${end}\n`).join('')
}

function parseLine(line: string): Range | undefined {
  const [, start, end] = /^(\d{1,15}) (\d{1,15})$/.exec(line) ?? []
  return start !== undefined && end !== undefined && Number(start) < Number(end) ? { start: Number(start), end: Number(end) } : undefined
}
