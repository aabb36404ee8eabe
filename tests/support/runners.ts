import { execFileSync } from 'node:child_process'
import type { TestServer } from './server.ts'

/** Process ids of the children that serve models. */
export function runnersOf(server: TestServer): number[] {
  return childrenOf(server, ' runner')
}

/** Of those that convert. */
export function convertersOf(server: TestServer): number[] {
  return childrenOf(server, ' converter')
}

function childrenOf({ process: parent }: TestServer, word: string): number[] {
  const lines = execFileSync('ps', ['-eo', 'pid,ppid,args'], { encoding: 'utf8' }).split('\n')
  return lines
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .filter((match) => match !== null && Number(match[2]) === parent.pid && match[3]?.includes(word))
    .map((match) => Number(match?.[1]))
}
