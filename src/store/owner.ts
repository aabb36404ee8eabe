// Who holds a lock: a process, so exactly that a reused process number is not taken for it. Two containers that share a folder see each other's
// numbers as meaningless; then only the age of the lock's file tells whether its owner lives.

import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { errorCode } from '../base/system-error.ts'

export type OwnerState = 'alive' | 'dead' | 'elsewhere'

let own: string | undefined

/** One word without spaces or slashes: machine, process, start time. */
export function ownOwner(): string {
  own ??= `${machine()}_${process.pid}_${startTime(process.pid) ?? 0}`
  return own
}

export function stateOf(owner: string): OwnerState {
  const [where, pidText, start] = owner.split('_')
  const pid = Number(pidText)
  if (where !== machine() || !Number.isSafeInteger(pid) || pid < 1) return 'elsewhere'
  if (!isRunning(pid)) return 'dead'
  const now = startTime(pid)
  return now === undefined || now === start || start === '0' ? 'alive' : 'dead'
}

/** Another one after each start of the machine; undefined where the system does not tell. */
export function bootId(): string | undefined {
  return orUndefined(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim())
}

/** The same boot and the same namespace of process numbers; the host name where the system does not tell. */
function machine(): string {
  const boot = bootId()
  const namespace = orUndefined(() => readlinkSync('/proc/self/ns/pid'))
  const name = boot !== undefined && namespace !== undefined ? `${boot}.${namespace}` : hostname()
  return name.replace(/[^0-9A-Za-z.-]/g, '')
}

/** In clock ticks since boot; undefined where the system does not tell. */
function startTime(pid: number): string | undefined {
  const stat = orUndefined(() => readFileSync(`/proc/${pid}/stat`, 'utf8'))
  // The second field is the program's name in parentheses and may contain anything.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errorCode(error) === 'EPERM'
  }
}

function orUndefined(read: () => string): string | undefined {
  try {
    return read()
  } catch (error) {
    if (errorCode(error) === undefined) throw error
    return undefined
  }
}
