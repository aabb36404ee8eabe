// A disk that fills up while a model is pulled: a small one of its own, in memory, where this user may mount it.

import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseModelName } from '../../src/model/name.ts'
import { createStore } from '../../src/store/open.ts'
import type { OpenStore } from '../../src/store/store.ts'
import { type FaultRegistry, honest, modelOf, startFaultRegistry } from '../support/fault-registry.ts'
import { isMountable, mount, unmount } from '../support/mount.ts'
import { createPulling, type Pulling } from '../support/pulling.ts'

const MIB = 1024 * 1024
const WEIGHTS = randomBytes(6 * MIB)
const MODEL = modelOf(WEIGHTS)

const mountSmall = (folder: string) => mount(folder, '-t', 'tmpfs', '-o', 'size=8m', 'none')

describe.runIf(isMountable('a tmpfs', mountSmall))('a disk', () => {
  let disk: string
  let store: OpenStore
  let pulling: Pulling
  let registry: FaultRegistry
  beforeEach(async () => {
    disk = mkdtempSync(path.join(tmpdir(), 'full-disk-'))
    mountSmall(disk)
    store = await createStore({ root: path.join(disk, 'models'), stateFolder: tmpdir() })
    pulling = await createPulling({ store })
  })
  afterEach(async () => {
    await registry.close()
    pulling.remove()
    unmount(disk)
    rmSync(disk, { recursive: true, force: true })
  })

  const nameHere = () => `${registry.host}/library/m:v1`
  const filler = () => path.join(disk, 'filler')
  const fill = (leaveBytes: number) => {
    const { bavail, bsize } = statfsSync(disk)
    writeFileSync(filler(), Buffer.alloc(bavail * bsize - leaveBytes))
  }

  it('that has no room is refused before the first byte, with what is needed and what is there', async () => {
    registry = await startFaultRegistry(MODEL)
    fill(3 * MIB)
    await expect(pulling.pull(nameHere())).rejects.toMatchObject({
      code: 'disk_full',
      message: expect.stringMatching(/^no space left on the volume of the models folder: 6\.3 MB needed, 3\.\d MB free$/),
      details: { neededBytes: WEIGHTS.length + 23 },
    })
    expect(registry.requests.map(({ kind }) => kind)).toEqual(['manifest'])
  })

  it('that is full to the last byte lets a server start, and a model be removed', async () => {
    registry = await startFaultRegistry(MODEL)
    await pulling.pull(nameHere())
    fill(0)
    const again = await createStore({ root: store.root, stateFolder: tmpdir() })
    await again.prune()
    const [stored] = await again.manifests.list()
    expect(await again.manifests.remove(parseModelName(nameHere()))).toBe(true)
    await again.removeUnused([...(stored?.manifest.layers ?? [])])
    expect(statfsSync(disk).bavail * statfsSync(disk).bsize).toBeGreaterThan(WEIGHTS.length - MIB)
    expect(readdirSync(path.join(store.root, '.locks')).filter((name) => name.endsWith('.lock'))).toEqual([])
  })

  it('that fills up meanwhile ends the pull with a clear word; what it has stays, and the next pull fetches only the rest', async () => {
    registry = await startFaultRegistry(MODEL, ({ wanted, count }) => {
      if (wanted?.blob !== WEIGHTS || count !== 3) return undefined
      return (request, reply) => {
        fill(64 * 1024)
        honest(request, reply)
      }
    })
    await expect(pulling.pull(nameHere())).rejects.toMatchObject({
      code: 'disk_full',
      message: expect.stringMatching(/^no space left on the volume of the models folder: [\d.]+ [KM]B needed, [\d.]+ K?B free$/),
    })
    expect(await store.manifests.list()).toEqual([])
    const kept = (await store.maintenance.partials())[0]?.completedBytes ?? 0
    expect(kept).toBeGreaterThan(0)

    rmSync(filler())
    const before = registry.requests.length
    expect((await pulling.pull(nameHere())).at(-1)).toEqual({ status: 'success' })
    const asked = registry.requests.slice(before).flatMap(({ wanted }) => (wanted?.blob === WEIGHTS ? [wanted.end - wanted.start] : []))
    expect(asked.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(WEIGHTS.length - kept)
    const stored = await store.manifests.read(parseModelName(nameHere()))
    expect(stored).toBeDefined()
    expect(readFileSync(store.blobs.path(MODEL.digest)).equals(WEIGHTS)).toBe(true)
  })
})
