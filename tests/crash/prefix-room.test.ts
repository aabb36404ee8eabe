// Runners that save states at the same time, in one folder with one limit: nobody ever sees more than the limit, and one that is killed leaves
// nothing that bars the others.

import { type ChildProcess, fork } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'

const CHILD = fileURLToPath(new URL('./prefix-child.ts', import.meta.url))
const LIMIT_BYTES = 600_000
/** Two of them load the same model. */
const KEYS = [0, 1, 2, 2]

let root: string
const children = new Set<ChildProcess>()
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'prefix-room-'))
})
afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
  children.clear()
  rmSync(root, { recursive: true, force: true })
})

async function startRunner(key: number): Promise<ChildProcess> {
  const child = fork(CHILD, [root, `${LIMIT_BYTES}`, `${key}`], { execArgv: ['--import', 'tsx'] })
  children.add(child)
  await once(child, 'message')
  return child
}

/** How many of its states were saved, until it ends. */
function save(runner: ChildProcess): { saved: number } {
  const count = { saved: 0 }
  runner.on('message', (saved) => {
    if (saved) count.saved++
  })
  runner.send('save')
  return count
}

/** The most that was there at one moment, of all until then. */
async function watch(isDone: () => boolean): Promise<number> {
  let most = 0
  while (!isDone()) {
    most = Math.max(most, bytesAtOnce())
    await new Promise(setImmediate)
  }
  return most
}

it('never take more than the limit', async () => {
  const runners = await Promise.all(KEYS.map(startRunner))
  const counts = runners.map(save)
  expect(await watch(() => counts.every(({ saved }) => saved >= 100))).toBeLessThanOrEqual(LIMIT_BYTES)
})

it('never take more than the limit while some of them are killed, and the others go on', async () => {
  const counts = (await Promise.all(KEYS.map(startRunner))).map(save)
  for (let kills = 0; kills < 6; kills++) {
    const victim = await startRunner(kills)
    const fatal = save(victim)
    const last = randomInt(1, 10)
    expect(await watch(() => fatal.saved >= last)).toBeLessThanOrEqual(LIMIT_BYTES)
    victim.kill('SIGKILL')
    await once(victim, 'exit')
    const before = counts.map(({ saved }) => saved)
    const haveGoneOn = () => counts.every(({ saved }, index) => saved >= (before[index] ?? 0) + 10)
    expect(await watch(haveGoneOn)).toBeLessThanOrEqual(LIMIT_BYTES)
  }
})

it('save again as soon as one that held the lock is killed', async () => {
  const [holder, runner] = await Promise.all([startRunner(0), startRunner(1)])
  holder.send('hold')
  expect((await once(holder, 'message'))[0]).toBe(true)
  runner.send('save')
  expect((await once(runner, 'message'))[0]).toBe(false)
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  // What it wanted to save just then may have been given up already.
  await once(runner, 'message')
  expect((await once(runner, 'message'))[0]).toBe(true)
})

/** Of files that were there at one moment: those that a first look found and that a second look still finds. */
function bytesAtOnce(): number {
  const first = look()
  const second = look()
  return [...first].reduce((sum, [file, sizeBytes]) => sum + (second.has(file) ? sizeBytes : 0), 0)
}

/** By what stays when a file is renamed. */
function look(): Map<string, number> {
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return new Map(
    files.flatMap((entry) => {
      const stats = statSync(path.join(entry.parentPath, entry.name), { throwIfNoEntry: false })
      return stats ? [[`${stats.ino} ${stats.birthtimeMs}`, stats.size]] : []
    }),
  )
}
