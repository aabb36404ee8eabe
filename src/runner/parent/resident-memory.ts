// How much memory a process holds, as far as the system tells a bystander: Linux does, in /proc.

import { readFileSync } from 'node:fs'

/** Undefined where there is no /proc, or no such process any more. */
export function readResidentBytes(processId: number, procFolder = '/proc'): number | undefined {
  try {
    const kibibytes = /^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(`${procFolder}/${processId}/status`, 'utf8'))?.[1]
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024
  } catch {
    // Gone, or not Linux: there is nothing to tell.
    return undefined
  }
}
