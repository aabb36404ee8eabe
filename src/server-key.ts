// The key of a running server: made when it listens, removed when it has ended. See config/server-key.ts.

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Log } from './base/log.ts'
import { serverKeyFile } from './config/server-key.ts'

export interface ServerKey {
  fits(key: string): boolean
  remove(): Promise<void>
}

/** A home that cannot be written keeps nobody from serving; the server is then stopped by a signal only. */
export async function createServerKey(home: string, port: number, log: Log): Promise<ServerKey> {
  const file = serverKeyFile(home, port)
  const key = randomBytes(32).toString('hex')
  try {
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 })
    // What an earlier server left behind may have other permissions.
    await rm(file, { force: true })
    await writeFile(file, key, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    log.warn('the file that lets `stop --server` end this server could not be written', { file, error })
  }
  return {
    fits: (given) => timingSafeEqual(hashOf(given), hashOf(key)),
    remove: () => rm(file, { force: true }),
  }
}

/** Of equal length, whatever was given. */
function hashOf(text: string): Uint8Array {
  return createHash('sha256').update(text).digest()
}
