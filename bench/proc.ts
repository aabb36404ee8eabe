// What the kernel says of processes. Linux only: elsewhere there is no /proc, and whoever asks is told so.

import { readdirSync, readFileSync } from 'node:fs'
import { errorCode } from '../src/base/system-error.ts'

/** Not there any more: the process ended between two readings. */
const GONE = new Set(['ENOENT', 'ESRCH'])

/** The process and all that it started that still belong to it. */
export function processTree(id: number): number[] {
  const children = new Map<number, number[]>()
  for (const other of processes()) {
    const parent = Number(
      readIfThere(`/proc/${other}/stat`)
        ?.replace(/^.*\) /s, '')
        .split(' ')[1],
    )
    children.set(parent, [...(children.get(parent) ?? []), other])
  }
  const tree = [id]
  for (const one of tree) tree.push(...(children.get(one) ?? []))
  return tree
}

/** In bytes; 0 when the process is gone. */
export function residentBytes(id: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readIfThere(`/proc/${id}/status`) ?? '')?.[1] ?? 0) * 1024
}

/** Milliseconds on a core of all threads of the process so far. */
export function cpuMs(id: number): number {
  const threads = readdirSync(`/proc/${id}/task`).map((thread) => readIfThere(`/proc/${id}/task/${thread}/schedstat`))
  return threads.reduce((sum, text) => sum + Number(text?.split(' ')[0] ?? 0), 0) / 1e6
}

/** Tells a process from a later one with the same id; undefined when it is gone or only waits to be buried. */
export function identify(id: number): string | undefined {
  const fields = readIfThere(`/proc/${id}/stat`)
    ?.replace(/^.*\) /s, '')
    .split(' ')
  return fields === undefined || fields[0] === 'Z' ? undefined : `${id} ${fields[19]}`
}

function processes(): number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger)
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (GONE.has(errorCode(error) ?? '')) return undefined
    throw error
  }
}
