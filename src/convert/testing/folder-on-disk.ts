import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type { FolderFiles } from './folder-parts.ts'
import { writeModelFolder } from './model-folders.ts'

/** Files under their relative names, as a request has them; gone at the end of the scope. */
export interface FolderOnDisk extends AsyncDisposable {
  folder: string
  paths: Map<string, string>
}

export async function putFolder(files: FolderFiles): Promise<FolderOnDisk> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'llamero-convert-'))
  await writeModelFolder(folder, files)
  return {
    folder,
    paths: new Map(Object.keys(files).map((name) => [name, path.join(folder, name)])),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}
