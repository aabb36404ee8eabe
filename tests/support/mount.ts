// Small disks of a test's own, where this user may mount one.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

export function mount(folder: string, ...words: string[]): boolean {
  return process.platform === 'linux' && spawnSync('mount', [...words, folder]).status === 0
}

export function unmount(folder: string): void {
  spawnSync('umount', ['-l', folder])
}

/** Tries it once in a folder that is gone afterwards, and says so where it cannot be done. */
export function isMountable(name: string, mountAt: (folder: string) => boolean): boolean {
  const parent = mkdtempSync(path.join(tmpdir(), 'mount-'))
  const folder = mkdtempSync(path.join(parent, 'disk-'))
  const isMounted = mountAt(folder)
  if (isMounted) unmount(folder)
  else console.warn(`skipped: ${name} cannot be made or mounted here`)
  rmSync(parent, { recursive: true, force: true })
  return isMounted
}
