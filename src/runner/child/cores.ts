// How many compute threads make sense: one for each physical core that this process may use. The second hardware thread of a core gives the
// engine nothing but more contention.

import { readdirSync, readFileSync } from 'node:fs'
import os from 'node:os'

const CPU_FOLDER = '/sys/devices/system/cpu'

export function defaultThreads(): number {
  const usable = os.availableParallelism()
  return Math.max(1, Math.min(usable, countCores(CPU_FOLDER) ?? usable))
}

/** Physical cores that Linux lists; undefined where it does not. */
export function countCores(folder: string): number | undefined {
  try {
    const cpus = readdirSync(folder).filter((name) => /^cpu\d+$/.test(name))
    const cores = cpus.map((cpu) => readFileSync(`${folder}/${cpu}/topology/thread_siblings_list`, 'utf8').trim())
    return cores.length > 0 ? new Set(cores).size : undefined
  } catch {
    // No such folder, or a processor that is offline: the caller knows the usable ones.
    return undefined
  }
}
