import { execFileSync } from 'node:child_process'
import type { TestServer } from './server.ts'

/** Process ids of the children that serve models. */
export function runnersOf({ process: parent }: TestServer): number[] {
  const lines = execFileSync('ps', ['-eo', 'pid,ppid,args'], { encoding: 'utf8' }).split('\n')
  return lines
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .filter((match) => match !== null && Number(match[2]) === parent.pid && match[3]?.includes(' runner'))
    .map((match) => Number(match?.[1]))
}
