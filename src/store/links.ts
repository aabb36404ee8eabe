// Blobs that are somebody's file by another name: a hard link, made where a person asks for it, since it costs no room on any file system. Such a
// blob changes when the file is written to. So a note says how the file was when it was hashed, and a blob that is another by now is not there for
// us: it is imported again, or reported as damaged. Only files of this user that nobody else may write become links.

import type { BigIntStats } from 'node:fs'
import { type FileHandle, link, lstat, mkdir, readFile, realpath, rm } from 'node:fs/promises'
import path from 'node:path'
import { errorCode, unlessMissing } from '../base/system-error.ts'
import type { Digest } from '../model/digest.ts'
import { replaceFile, temporaryName } from './durable.ts'
import { type Folder, regularFile } from './folder.ts'
import { blobPath, linkedPath } from './layout.ts'

const WRITABLE_BY_OTHERS = 0o022n
/** One short line. */
const MAX_NOTE_BYTES = 1024

/** False where it cannot be, whatever the reason: then the file is copied, and what is wrong with it shows there. */
export async function linkFile(file: string, source: FileHandle, temporary: string): Promise<boolean> {
  const facts = await source.stat({ bigint: true })
  if (facts.uid !== BigInt(process.getuid?.() ?? -1) || (facts.mode & WRITABLE_BY_OTHERS) !== 0n) return false
  try {
    await link(await realpath(file), temporary)
  } catch (error) {
    if (errorCode(error) === undefined) throw error
    return false
  }
  if (identityOf(await lstat(temporary, { bigint: true })) === identityOf(facts)) return true
  // Another file has got the name since this one was opened.
  await rm(temporary, { force: true })
  return false
}

/** Of a file that is still as it was when `before` was taken; false where it has changed. */
export async function noteLink(
  folder: Folder,
  { digest, file, before }: { digest: Digest; file: string; before: string },
): Promise<boolean> {
  const now = await noteOf(file)
  if (now !== before) return false
  await mkdir(folder.layout.locks, { recursive: true })
  await replaceFile(
    linkedPath(folder.layout, digest),
    new TextEncoder().encode(`${now}\n`),
    path.join(folder.layout.locks, temporaryName('linked.')),
  )
  return true
}

/** How a file is: another text after each change. */
export async function noteOf(file: string): Promise<string | undefined> {
  const stats = await unlessMissing(lstat(file, { bigint: true }))
  return stats && `${identityOf(stats)} ${stats.size} ${stats.mtimeNs}`
}

export type LinkState = 'no-link' | 'unchanged' | 'changed'

export async function linkState(folder: Folder, digest: Digest): Promise<LinkState> {
  const file = linkedPath(folder.layout, digest)
  const facts = await regularFile(folder.layout.locks, file)
  if (!facts || facts.sizeBytes > MAX_NOTE_BYTES) return 'no-link'
  const [noted, now] = await Promise.all([unlessMissing(readFile(file, 'utf8')), noteOf(blobPath(folder.layout, digest))])
  // A note about a file that had the name before says nothing.
  if (noted === undefined || now === undefined || noted.split(' ', 1)[0] !== now.split(' ', 1)[0]) return 'no-link'
  return noted.trimEnd() === now ? 'unchanged' : 'changed'
}

export async function forgetLink(folder: Folder, digest: Digest): Promise<void> {
  await rm(linkedPath(folder.layout, digest), { force: true })
}

/** A number is given to another file when its own has gone; the time of birth is not. */
function identityOf({ dev, ino, birthtimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${birthtimeNs}`
}
