// Who answers at the address of the server: this Llamero, another version of it, Ollama, a stranger, nobody.

import type { CheckBody } from '../../api/maintenance.ts'
import { isAppError } from '../../base/errors.ts'
import { isOnThisMachine, isUnreachable } from '../server.ts'
import type { Context } from '../verb.ts'
import { findPortOwner, type PortOwner } from './port-owner.ts'

export interface ServerCheck {
  check: CheckBody
  /** A Llamero that can be asked for the rest. */
  isLlamero: boolean
}

const ANSWER_MS = 3000

export async function checkServer(
  context: Context,
  findOwner: (port: number) => Promise<PortOwner | undefined> = findPortOwner,
): Promise<ServerCheck> {
  const { client, config, program } = context
  const { serverUrl } = config
  const found = (level: CheckBody['level'], text: string, advice?: string): ServerCheck => ({
    check: { name: 'server', level, text, ...(advice === undefined ? {} : { advice }) },
    isLlamero: false,
  })
  try {
    const { version, llamero } = await client.versions(AbortSignal.timeout(ANSWER_MS))
    if (llamero === undefined) {
      const advice = `stop it, or give Llamero another address with OLLAMA_HOST; both may use one models folder`
      return found('warn', `Ollama ${version} answers at ${serverUrl}${await describeOwner(serverUrl, findOwner)}`, advice)
    }
    if (llamero === config.version) return { ...found('ok', `Llamero ${llamero} answers at ${serverUrl}`), isLlamero: true }
    const advice = `an older server may still be running: '${program} stop --server' ends it`
    return {
      ...found('warn', `Llamero ${llamero} answers at ${serverUrl}, and this program is ${config.version}`, advice),
      isLlamero: true,
    }
  } catch (error) {
    if (!isAppError(error)) throw error
    const owner = await describeOwner(serverUrl, findOwner)
    if (isUnreachable(error) && owner === '') {
      return found('warn', `none answers at ${serverUrl} (${error.message})`, `'${program} serve' starts one; 'run' does so by itself`)
    }
    const reason = error.code === 'cancelled' ? `no answer within ${ANSWER_MS / 1000} seconds` : error.message.split('\n', 1)[0]
    const advice = 'stop the program that holds the port, or choose another with OLLAMA_HOST'
    return found('fail', `something else answers at ${serverUrl}${owner}: ${reason}`, advice)
  }
}

async function describeOwner(serverUrl: string, findOwner: (port: number) => Promise<PortOwner | undefined>): Promise<string> {
  if (!isOnThisMachine(serverUrl)) return ''
  const owner = await findOwner(Number(new URL(serverUrl).port || 80))
  return owner ? ` (process ${owner.pid}: ${owner.command})` : ''
}
