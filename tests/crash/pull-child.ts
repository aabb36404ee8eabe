// A process in the middle of a pull, for pull.test.ts: `pull-child.ts <models folder> <name>`. Every line of progress goes to standard output.

import path from 'node:path'
import { systemClock } from '../../src/base/clock.ts'
import { silentLog } from '../../src/base/log.ts'
import { mergeSplitFiles } from '../../src/gguf/merge.ts'
import { parseModelName } from '../../src/model/name.ts'
import { createRegistry } from '../../src/registry/create-registry.ts'
import { createStore } from '../../src/store/open.ts'

const [root = '', name = ''] = process.argv.slice(2)
const store = await createStore({ root })
const registry = createRegistry({
  store,
  log: silentLog,
  clock: systemClock,
  home: path.join(root, 'home'),
  userHome: path.join(root, 'user'),
  environment: {},
  version: '0.0.0',
  mergeFiles: mergeSplitFiles,
  buildManifest: () => Promise.reject(new Error('no package is expected here')),
})
// The timers of the registry let a process end; this one waits for locks.
const alive = setInterval(() => {}, 1000)
for await (const item of registry.pull(parseModelName(name), { insecure: true })) process.stdout.write(`${JSON.stringify(item)}\n`)
clearInterval(alive)
