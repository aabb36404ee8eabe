// May this user work in the models folder? Looks at every element of the path from the root on, since one folder above that may not be entered
// is what makes a right-looking folder unusable, and says which element it is and what it lacks.

import { constants, type Stats } from 'node:fs'
import { access, lstat, stat } from 'node:fs/promises'
import path from 'node:path'
import { errorCode } from '../base/system-error.ts'
import { type Layout, readBlobEntries } from './layout.ts'

export interface FolderProblem {
  /** The element of the path that is at fault. */
  element: string
  lacks: 'enter' | 'list' | 'write' | 'read' | 'folder'
  /** Who owns the element, and its permission bits; absent where it cannot be looked at. */
  owner?: { uid: number; gid: number; mode: string }
  /** The file system is mounted read-only. */
  readOnly?: boolean
}

/** The questions to the system; a test that runs as root asks somebody else. */
export interface FileSystem {
  access(file: string, mode: number): Promise<void>
  stat(file: string): Promise<Stats>
}

const SYSTEM: FileSystem = { access, stat }
/** Blobs whose readability is tried: a folder copied by another user has them all alike. */
const MAX_BLOBS_TRIED = 200

export async function findFolderProblem(layout: Layout, system: FileSystem = SYSTEM): Promise<FolderProblem | undefined> {
  for (const element of elementsOf(layout.root)) {
    const isRoot = element === layout.root
    const stats = await tryStat(element, system)
    if (!stats) return problemAt(path.dirname(element), constants.W_OK, system)
    if (!stats.isDirectory()) return { element, lacks: 'folder' }
    const problem = (await problemAt(element, constants.X_OK, system)) ?? (isRoot ? await problemInside(element, system) : undefined)
    if (problem) return problem
  }
  for (const folder of [layout.blobs, layout.manifests]) {
    const stats = await tryStat(folder, system)
    if (!stats) continue
    if (!stats.isDirectory()) return { element: folder, lacks: 'folder' }
    const problem = (await problemAt(folder, constants.X_OK, system)) ?? (await problemInside(folder, system))
    if (problem) return problem
  }
  for (const { name, entry } of (await readBlobEntries(layout)).slice(0, MAX_BLOBS_TRIED)) {
    const file = path.join(layout.blobs, name)
    const problem = entry.kind === 'blob' && (await lstat(file)).isFile() ? await problemAt(file, constants.R_OK, system) : undefined
    if (problem) return { ...problem, lacks: 'read' }
  }
  return undefined
}

function elementsOf(folder: string): string[] {
  const elements: string[] = []
  for (let at = folder; ; at = path.dirname(at)) {
    elements.unshift(at)
    if (at === path.dirname(at)) return elements
  }
}

async function problemInside(folder: string, system: FileSystem): Promise<FolderProblem | undefined> {
  return (await problemAt(folder, constants.R_OK, system)) ?? (await problemAt(folder, constants.W_OK, system))
}

async function problemAt(element: string, mode: number, system: FileSystem): Promise<FolderProblem | undefined> {
  try {
    await system.access(element, mode)
    return undefined
  } catch (error) {
    const code = errorCode(error)
    if (code === undefined) throw error
    const stats = await tryStat(element, system)
    const owner = stats && { uid: stats.uid, gid: stats.gid, mode: (stats.mode & 0o777).toString(8).padStart(3, '0') }
    const lacks = mode === constants.X_OK ? 'enter' : mode === constants.R_OK ? 'list' : 'write'
    return { element, lacks, ...(owner ? { owner } : {}), ...(code === 'EROFS' ? { readOnly: true } : {}) }
  }
}

/** Undefined where there is nothing, or nothing that may be looked at. */
async function tryStat(file: string, system: FileSystem): Promise<Stats | undefined> {
  try {
    return await system.stat(file)
  } catch (error) {
    if (errorCode(error) === undefined) throw error
    return undefined
  }
}
