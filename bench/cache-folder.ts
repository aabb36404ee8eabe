// What a cache holds at one moment. A file's size counts from the moment it is set, before a byte of it is written: that is what is reserved, and what
// a limit is about. What the disk has given for it counts beside that. Files come and go while they are looked at, so a folder is looked at until it was
// the same twice: between the two it held just that, and no file was counted together with one that made way for it.

import { type Dirent, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { errorCode } from '../src/base/system-error.ts'

/** A folder that never keeps still for that long is believed as it was last. */
const LOOKS = 20
/** `blocks` of a file are counted in these, whatever the disk's own are. */
const BLOCK_BYTES = 512
/** A disk gives whole pages: each file may take this much more than its size. */
export const DISK_PAGE_BYTES = 4096

interface CachedFile {
  /** Below the folder. */
  name: string
  sizeBytes: number
  diskBytes: number
}

export interface FolderSize {
  sizeBytes: number
  diskBytes: number
  files: CachedFile[]
}

export function readFolder(folder: string, look: (folder: string) => CachedFile[] = listFiles): FolderSize {
  let files = look(folder)
  for (let looks = 1; looks < LOOKS; looks++) {
    const again = look(folder)
    const isSame = toKey(again) === toKey(files)
    files = again
    if (isSame) break
  }
  const sum = (of: 'sizeBytes' | 'diskBytes') => files.reduce((total, file) => total + file[of], 0)
  return { sizeBytes: sum('sizeBytes'), diskBytes: sum('diskBytes'), files }
}

/** What is beyond the limit, and of which files that was found; undefined when nothing is. */
export function findExcess({ sizeBytes, diskBytes, files }: FolderSize, limitBytes: number): string | undefined {
  if (sizeBytes <= limitBytes && diskBytes <= limitBytes + files.length * DISK_PAGE_BYTES) return undefined
  const lines = files.map((file) => `  ${file.name}: ${file.sizeBytes} bytes, ${file.diskBytes} of the disk`)
  const head = `the cache had ${sizeBytes} bytes, ${diskBytes} of the disk, where the limit is ${limitBytes}, in ${files.length} files:`
  return [head, ...lines].join('\n')
}

/** Files may go, and folders, while they are looked at. */
function listFiles(folder: string): CachedFile[] {
  return entriesIn(folder).flatMap((entry) => {
    if (!entry.isFile()) return []
    const file = path.join(entry.parentPath, entry.name)
    const stats = statSync(file, { throwIfNoEntry: false })
    return stats ? [{ name: path.relative(folder, file), sizeBytes: stats.size, diskBytes: stats.blocks * BLOCK_BYTES }] : []
  })
}

function entriesIn(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return []
    throw error
  }
}

/** Without what the disk has given: that grows while a file is written. */
function toKey(files: readonly CachedFile[]): string {
  return files
    .map(({ name, sizeBytes }) => `${name} ${sizeBytes}`)
    .sort()
    .join('\n')
}
