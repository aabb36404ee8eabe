// Ends the server of this user on this machine: the key that it left in LLAMERO_HOME proves who asks, and vanishes when the server has ended.

import { access, readFile } from 'node:fs/promises'
import { AppError } from '../base/errors.ts'
import { isMissing } from '../base/system-error.ts'
import { serverKeyFile } from '../config/server-key.ts'
import { fromLlamero, isOnThisMachine } from './server.ts'
import type { Context } from './verb.ts'

const POLL_MS = 100
/** Requests that run have ten seconds to end. */
const MAX_STOP_MS = 20_000

export async function stopServer({ client, config, processes }: Context): Promise<void> {
  const { serverUrl, home } = config
  if (!isOnThisMachine(serverUrl)) {
    throw new AppError('not_supported', `the server at ${serverUrl} is on another machine: it is stopped there`)
  }
  const file = serverKeyFile(home, portOf(serverUrl))
  const key = await readKey(file)
  if (key === undefined) {
    const versions = await client.versions()
    const name = versions.llamero === undefined ? `Ollama ${versions.version}` : `Llamero ${versions.llamero}`
    throw new AppError('not_supported', `${name} at ${serverUrl} was started by another user, or elsewhere: it is stopped there`)
  }
  await fromLlamero(client, serverUrl, client.stop({ key: key.trim() }))
  for (let waitedMs = 0; waitedMs < MAX_STOP_MS; waitedMs += POLL_MS) {
    await processes.sleep(POLL_MS)
    if (await isGone(file)) return
  }
  throw new AppError('not_supported', `the server did not end within ${MAX_STOP_MS / 1000} s`)
}

function portOf(serverUrl: string): number {
  const { port, protocol } = new URL(serverUrl)
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port)
}

async function readKey(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

async function isGone(file: string): Promise<boolean> {
  try {
    await access(file)
    return false
  } catch (error) {
    if (isMissing(error)) return true
    throw error
  }
}
