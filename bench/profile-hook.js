// Loaded by `bench:profile` into the server and its runners: where each of them spends its time, written when it ends. `--cpu-prof` does the same,
// but for the process that it is given to alone.

import { writeFileSync } from 'node:fs'
import { Session } from 'node:inspector'
import path from 'node:path'

const INTERVAL_MICROSECONDS = 100

const folder = process.env.BENCH_PROFILES
if (folder) {
  const session = new Session()
  session.connect()
  session.post('Profiler.enable')
  session.post('Profiler.setSamplingInterval', { interval: INTERVAL_MICROSECONDS })
  session.post('Profiler.start')
  process.on('exit', () => {
    session.post('Profiler.stop', (error, { profile }) => {
      if (error) throw error
      writeFileSync(path.join(folder, `${process.argv[2]}.${process.pid}.cpuprofile`), JSON.stringify(profile))
    })
  })
}
