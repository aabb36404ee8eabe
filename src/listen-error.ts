// Why a server could not take its address: in the words that Ollama's have (scripts look for them), and what to do about it.

import { AppError } from './base/errors.ts'
import { errorCode } from './base/system-error.ts'
import type { PortOwner } from './cli/doctor/port-owner.ts'

export interface Address {
  host: string
  port: number
}

const ELSEWHERE = 'OLLAMA_HOST sets another address'
const UNKNOWN_NAME: readonly (string | undefined)[] = ['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NODATA']

/** The error itself where it is none of these. */
export async function toListenError(error: unknown, address: Address, findOwner: (port: number) => Promise<PortOwner | undefined>) {
  const shown = formatAddress(address)
  const refused = (reason: string, advice: string) =>
    new AppError('not_supported', `listen tcp ${shown}: bind: ${reason}\n${advice}`, { cause: error })
  const code = errorCode(error)
  if (code === 'EADDRINUSE') return refused('address already in use', describeOwner(await findOwner(address.port)))
  if (code === 'EADDRNOTAVAIL') return refused('cannot assign requested address', `this machine has no such address; ${ELSEWHERE}`)
  if (code === 'EACCES') return refused('permission denied', `this user may not listen on port ${address.port}; ${ELSEWHERE}`)
  if (UNKNOWN_NAME.includes(code)) {
    return new AppError('not_supported', `listen tcp: lookup ${address.host}: no such host\n${ELSEWHERE}`, { cause: error })
  }
  return error
}

/** As it stands in a URL. */
export function formatAddress({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

function describeOwner(owner: PortOwner | undefined): string {
  const who = owner ? `process ${owner.pid} listens there (${owner.command})` : 'another program listens there'
  return `${who}; ${ELSEWHERE}`
}
