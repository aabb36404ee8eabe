// One runner and its saved states, for prefix-room.test.ts: `prefix-child.ts <root> <limit> <key>`. Told `save`, it saves as fast as it can and says
// whether each was saved; told `hold`, it keeps the lock of all runners and does nothing more.

import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import path from 'node:path'
import { systemClock } from '../../src/base/clock.ts'
import { openExclusively } from '../../src/runner/child/llama/exclusive-file.ts'
import { PrefixFolder } from '../../src/runner/child/prefix-folder.ts'

const [root = '', limit = '', key = ''] = process.argv.slice(2)
const LEAST_BYTES = 30_000
const MOST_BYTES = 120_000

const folder = new PrefixFolder({
  root,
  key: { bytes: Buffer.alloc(32, Number(key)), folderName: `key-${key}` },
  limitBytes: Number(limit),
  freeShare: 1,
  clock: systemClock,
  openExclusively,
})
folder.list()
process.send?.('ready')
// Listening keeps the process alive: the timers of one that waits for the lock do not.
process.on('message', () => {})
const [task] = await once(process, 'message')
if (task === 'hold') {
  const lock = openExclusively(path.join(root, 'lock'))
  process.send?.(lock !== undefined)
} else {
  for (let round = 0; ; round++) {
    const state = Buffer.alloc(randomInt(LEAST_BYTES, MOST_BYTES), round)
    const done = await folder.write({ tokens: Int32Array.of(round), leastLength: 1, state })
    process.send?.(done !== undefined)
  }
}
