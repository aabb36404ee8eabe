// Neighbours that take the cores away: processes that do nothing but count. They are gone when this returns, whatever happened, and soon after this
// process was killed.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

const LOOP = `const parent = process.ppid; process.stdout.write('busy'); while (process.ppid === parent) for (let n = 0; n < 1e8; n++);`

export async function besideBusy<T>(count: number, run: () => Promise<T>): Promise<T> {
  const neighbours: ChildProcess[] = []
  try {
    for (let index = 0; index < count; index++) {
      neighbours.push(spawn(process.execPath, ['-e', LOOP], { stdio: ['ignore', 'pipe', 'inherit'] }))
    }
    for (const { stdout } of neighbours) if (stdout) await once(stdout, 'data')
    return await run()
  } finally {
    for (const neighbour of neighbours) neighbour.kill('SIGKILL')
  }
}
