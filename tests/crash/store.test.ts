// Processes that die in the middle of their work on a models folder, and processes that work on one at the same time. Whatever happens, a blob's
// bytes have the hash that names them, a manifest is whole, and the blobs that it names are there.

import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createManualClock } from '../../src/base/testing/manual-clock.ts'
import { createStore } from '../../src/store/open.ts'

const CHILD = fileURLToPath(new URL('./store-child.ts', import.meta.url))

let root: string
const children = new Set<ChildProcess>()
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'store-crash-'))
})
afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
  children.clear()
  rmSync(root, { recursive: true, force: true })
})

function start(what: string, name = 'm'): { child: ChildProcess; lines: AsyncIterable<string> } {
  const child = spawn(process.execPath, ['--import', 'tsx', CHILD, what, root, name], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.add(child)
  return { child, lines: createInterface({ input: child.stdout }) }
}

/** Kills the process when it has said the line that many times. False when it ended before. */
async function killAt(what: string, line: string, times: number): Promise<boolean> {
  const { child, lines } = start(what)
  const exit = once(child, 'exit')
  let seen = 0
  for await (const said of lines) {
    if (said === line && ++seen === times) child.kill('SIGKILL')
  }
  const [, signal] = await exit
  return signal === 'SIGKILL'
}

async function finish(what: string, name: string): Promise<number | null> {
  const { child, lines } = start(what, name)
  const exit = once(child, 'exit')
  for await (const _ of lines);
  const [code] = await exit
  return code
}

async function checkFolder(): Promise<{ models: number; temporary: string[] }> {
  const blobs = path.join(root, 'blobs')
  const names = readdirSync(blobs)
  for (const name of names.filter((each) => /^sha256-[0-9a-f]{64}$/.test(each))) {
    expect(
      createHash('sha256')
        .update(readFileSync(path.join(blobs, name)))
        .digest('hex'),
    ).toBe(name.slice('sha256-'.length))
  }
  const logged: string[] = []
  const quiet = () => {}
  const log = { trace: quiet, debug: quiet, info: quiet, error: quiet, warn: (message: string) => void logged.push(message) }
  const store = await createStore({ root, log })
  const list = await store.manifests.list()
  for (const { manifest } of list) {
    for (const { digest, sizeBytes } of [...manifest.layers, manifest.config]) expect(await store.blobs.sizeBytes(digest)).toBe(sizeBytes)
  }
  expect(logged).toEqual([])
  return { models: list.length, temporary: names.filter((name) => name.startsWith('tmp-')) }
}

describe('a process that is killed', () => {
  it('while it writes a blob leaves a temporary file, which the next start after an hour removes', async () => {
    expect(await killAt('endless-blob', 'chunk', 20)).toBe(true)
    const { models, temporary } = await checkFolder()
    expect(models).toBe(0)
    expect(temporary).toHaveLength(1)
    const clock = createManualClock(Date.now())
    const store = await createStore({ root, clock })
    await store.prune()
    expect((await checkFolder()).temporary).toHaveLength(1)
    clock.advance(2 * 3600 * 1000)
    await store.prune()
    expect((await checkFolder()).temporary).toHaveLength(0)
  })

  it.each([
    ['blobs', 1],
    ['blobs', 9],
    ['manifest', 1],
    ['manifest', 4],
    ['manifest', 10],
  ])('while it replaces models (after %s %d) leaves whole ones, and nobody waits for its locks', async (line, times) => {
    expect(await killAt('models', line, times)).toBe(true)
    const { models } = await checkFolder()
    expect(models).toBeGreaterThanOrEqual(line === 'manifest' ? Math.min(times, 3) : Math.min(times - 1, 3))
    expect(await finish('some-models', 'm')).toBe(0)
    expect((await checkFolder()).models).toBe(3)
  })

  it.each([
    ['piece', 1],
    ['piece', 9],
    ['committing', 1],
  ])('while it downloads (after %s %d) can be followed by one that goes on', async (line, times) => {
    await killAt('download', line, times)
    await checkFolder()
    expect(await finish('download', 'm')).toBe(0)
    await checkFolder()
    expect(readdirSync(path.join(root, 'blobs'))).toEqual([expect.stringMatching(/^sha256-[0-9a-f]{64}$/)])
  })
})

describe('processes at the same time', () => {
  it('write the same blobs and the same names', async () => {
    expect(await Promise.all([finish('some-models', 'm'), finish('some-models', 'm'), finish('some-models', 'n')])).toEqual([0, 0, 0])
    const { models, temporary } = await checkFolder()
    expect(models).toBe(6)
    expect(temporary).toEqual([])
  })

  it('write models that share blobs while another removes them', async () => {
    const { child, lines } = start('removals')
    const exit = once(child, 'exit')
    for await (const _ of lines) break
    expect(await Promise.all([finish('some-models', 'm'), finish('some-models', 'n')])).toEqual([0, 0])
    child.kill('SIGKILL')
    await exit
    await checkFolder()
  })

  it('download the same blob one after the other', async () => {
    expect(await Promise.all([finish('download', 'm'), finish('download', 'm')])).toEqual([0, 0])
    await checkFolder()
    expect(readdirSync(path.join(root, 'blobs'))).toHaveLength(1)
  })
})
