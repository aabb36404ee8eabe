// Which process of this machine listens on a port, from what Linux tells in /proc. Other users' processes keep that to themselves.

import { readdir, readFile, readlink } from 'node:fs/promises'
import { errorCode } from '../../base/system-error.ts'

export interface PortOwner {
  pid: number
  command: string
}

const LISTENING = '0A'
/** A process table of this size is looked through; its owner is unknown beyond. */
const MAX_PROCESSES = 10_000

export async function findPortOwner(port: number): Promise<PortOwner | undefined> {
  const tables = await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map(readOrEmpty))
  const inodes = tables.flatMap((table) => listeningInodes(table, port))
  if (inodes.length === 0) return undefined
  const links = new Set(inodes.map((inode) => `socket:[${inode}]`))
  const pids = (await listOrEmpty('/proc')).filter((name) => /^\d+$/.test(name)).slice(0, MAX_PROCESSES)
  for (const pid of pids) {
    for (const descriptor of await listOrEmpty(`/proc/${pid}/fd`)) {
      if (!links.has(await linkOrEmpty(`/proc/${pid}/fd/${descriptor}`))) continue
      const command = (await readOrEmpty(`/proc/${pid}/cmdline`)).split('\0').join(' ').trim()
      return { pid: Number(pid), command }
    }
  }
  return undefined
}

/** Of the sockets that listen on the port in a table like /proc/net/tcp. */
export function listeningInodes(table: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return table.split('\n').flatMap((line) => {
    const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/)
    return state === LISTENING && local.endsWith(suffix) ? [inode] : []
  })
}

function readOrEmpty(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(whenHidden(''))
}

function listOrEmpty(folder: string): Promise<string[]> {
  return readdir(folder).catch(whenHidden<string[]>([]))
}

function linkOrEmpty(file: string): Promise<string> {
  return readlink(file).catch(whenHidden(''))
}

/** Processes end while they are looked at, and other systems have no /proc. */
function whenHidden<T>(instead: T): (error: unknown) => T {
  return (error) => {
    if (errorCode(error) !== undefined) return instead
    throw error
  }
}
