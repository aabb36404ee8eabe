import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import { parseModelName } from '../../model/name.ts'
import { createStore } from '../../store/open.ts'
import type { OpenStore } from '../../store/store.ts'
import { createScratch, type Scratch, writeModelBlobs } from '../../store/testing/scratch.ts'
import type { DiagnosisDependencies } from './diagnose.ts'
import { describeFolderProblem } from './folder-problem.ts'
import { createMaintenanceService } from './maintenance.ts'

let scratch: Scratch
let store: OpenStore
beforeEach(async () => {
  scratch = await createScratch()
  store = await createStore({ root: scratch.root, clock: scratch.clock })
})
afterEach(() => scratch.remove())

const unreachable = () => Promise.reject(new AppError('registry_unreachable', 'no such host'))

function createService(changes: Partial<DiagnosisDependencies> = {}) {
  return createMaintenanceService({
    clock: systemClock,
    store: { ...store, freeBytes: async () => 50e9 },
    registry: { reach: async () => 401 },
    reader: {
      read: unreachable,
      describe: async () =>
        ({
          modelPath: 'x',
          weightsBytes: 1,
          architecture: { name: 'llama' },
          stored: { manifest: { layers: [] } },
          config: {},
          capabilities: [],
          name: parseModelName('m'),
        }) as never,
    },
    probeEngine: async () => ({ version: '0.5.0', variant: 'linux-x64', system: 'CPU : AVX = 1 | AVX512 = 0 | FMA = 1 | ' }),
    memory: () => ({ totalBytes: 16e9, freeBytes: 8e9 }),
    devices: () => ({ cores: 8, gpus: [] }),
    estimateBytes: () => 1e9,
    environment: {},
    runtime: { nodeVersion: '20.19.0', user: { uid: 1000, name: 'ada' } },
    ...changes,
  })
}

async function check(name: string, changes?: Partial<DiagnosisDependencies>) {
  const found = (await createService(changes).diagnose()).find((each) => each.name === name)
  if (!found) throw new Error(`there is no check ${name}`)
  return found
}

describe('the diagnosis', () => {
  it('finds nothing wrong where nothing is', async () => {
    expect(await createService().diagnose()).toEqual([
      { name: 'node', level: 'ok', text: 'version 20.19.0' },
      { name: 'engine', level: 'ok', text: 'llama.cpp 0.5.0 (linux-x64), its structs are as expected; AVX FMA' },
      { name: 'devices', level: 'ok', text: '8 processors, no GPU' },
      { name: 'store', level: 'ok', text: scratch.root },
      { name: 'models', level: 'ok', text: '0 installed' },
      { name: 'disk', level: 'ok', text: '50 GB free where the models are' },
      { name: 'memory', level: 'ok', text: '8 GB of 16 GB available' },
      { name: 'proxies', level: 'ok', text: 'none is set' },
      { name: 'registry', level: 'ok', text: 'registry.ollama.ai answers (401)' },
    ])
  })

  it.each(['20.18.9', '18.20.0'])('wants a newer Node.js than %s', async (nodeVersion) => {
    const found = await check('node', { runtime: { nodeVersion, user: { uid: 0, name: 'root' } } })
    expect(found).toEqual({ name: 'node', level: 'fail', text: `version ${nodeVersion}`, advice: 'install Node.js 20.19 or newer' })
  })

  it('says what is wrong with the engine', async () => {
    const probeEngine = () => Promise.reject(new AppError('load_failed', 'the engine is not installed'))
    expect(await check('engine', { probeEngine })).toMatchObject({ level: 'fail', text: 'the engine is not installed' })
  })

  it('says that a graphics card is not used, and why', async () => {
    expect(await check('devices', { devices: () => ({ cores: 1, gpus: ['NVIDIA', 'Intel'] }) })).toEqual({
      name: 'devices',
      level: 'warn',
      text: '1 processor; a GPU by NVIDIA and Intel is here, but this engine computes on processors',
      advice: 'nothing is broken: builds of the engine for GPUs are not part of Llamero yet',
    })
    const probeEngine = async () => ({ version: '0.5.0', variant: 'mac-arm64-metal', system: '' })
    expect(await check('devices', { probeEngine })).toMatchObject({ level: 'ok', text: '8 processors, and a GPU through metal' })
  })

  it('says of a folder that is out of reach only that', async () => {
    const findFolderProblem = async () => ({ path: '/x', needs: 'enter' }) as never
    const names = (await createService({ store: { ...store, maintenance: { ...store.maintenance, findFolderProblem } } }).diagnose()).map(
      ({ name }) => name,
    )
    expect(names).toEqual(['node', 'engine', 'devices', 'store', 'proxies', 'registry'])
  })

  it('finds models of which parts are missing, and those that cannot be read', async () => {
    const manifest = await writeModelBlobs(store, 'config', 'layer')
    await store.manifests.write(parseModelName('m'), manifest)
    expect(await check('models')).toEqual({ name: 'models', level: 'ok', text: '1 installed' })
    await store.manifests.write(parseModelName('half'), { ...manifest, config: { ...manifest.config, sizeBytes: 1 } }, { keepUnused: true })
    expect(await check('models')).toMatchObject({ level: 'warn', text: 'parts are missing of half:latest' })
  })

  it.each([
    [9e9, 'warn'],
    [1e8, 'fail'],
  ])('takes %d free bytes for a %s', async (freeBytes, level) => {
    expect(await check('disk', { store: { ...store, freeBytes: async () => freeBytes } })).toMatchObject({ level })
  })

  it('compares the need of the largest model with the memory', async () => {
    await store.manifests.write(parseModelName('m'), await writeModelBlobs(store, 'config', 'layer'))
    expect(await check('memory')).toMatchObject({
      level: 'ok',
      text: expect.stringMatching(/the largest model, m:latest, needs about 1 GB$/),
    })
    expect(await check('memory', { estimateBytes: () => 9e9 })).toMatchObject({
      level: 'warn',
      advice: expect.stringContaining('stop other models'),
    })
    expect(await check('memory', { estimateBytes: () => 17e9 })).toMatchObject({
      level: 'warn',
      advice: expect.stringContaining('m:latest cannot run'),
    })
  })

  it('shows proxies without their passwords, and refuses what is none', async () => {
    const environment = { https_proxy: 'http://ada:secret@proxy.test:3128', NO_PROXY: 'localhost' }
    expect(await check('proxies', { environment })).toEqual({
      name: 'proxies',
      level: 'ok',
      text: 'HTTPS_PROXY=http://***@proxy.test:3128 NO_PROXY=localhost',
    })
    const bare = await check('proxies', { environment: { HTTP_PROXY: 'ada:secret@proxy.test' } })
    expect(bare.text).not.toContain('secret')
    expect(await check('proxies', { environment: { HTTPS_PROXY: 'socks5://proxy.test' } })).toMatchObject({ level: 'fail' })
  })

  it('warns when the registry cannot be reached, and waits for it no longer than three seconds', async () => {
    expect(await check('registry', { registry: { reach: unreachable } })).toMatchObject({
      level: 'warn',
      text: 'registry.ollama.ai cannot be reached: no such host',
    })
    let given: AbortSignal | undefined
    const reach = (signal: AbortSignal) => {
      given = signal
      return Promise.reject(new AppError('cancelled', 'request canceled'))
    }
    expect(await check('registry', { registry: { reach } })).toMatchObject({ text: expect.stringContaining('no answer within 3 seconds') })
    expect(given).toBeInstanceOf(AbortSignal)
  })

  it('goes on when one check cannot be made', async () => {
    const broken = { ...store, freeBytes: () => Promise.reject(new Error('EIO')) }
    expect(await check('disk', { store: broken })).toMatchObject({ level: 'fail', text: 'could not be checked: EIO' })
  })

  it('runs once for those who ask at the same time', async () => {
    let probes = 0
    const probeEngine = async () => {
      probes += 1
      return { version: '', variant: '', system: '' }
    }
    const service = createService({ probeEngine })
    await Promise.all([service.diagnose(), service.diagnose()])
    await service.diagnose()
    expect(probes).toBe(2)
  })
})

describe('a problem with the folder', () => {
  const owner = { uid: 0, gid: 0, mode: '700' }
  it.each([
    [
      { element: '/srv', lacks: 'enter', owner } as const,
      'ada (uid 1000) may not enter /srv; it belongs to uid 0, gid 0, mode 700',
      'let ada in (setfacl -m u:ada:x /srv), or set OLLAMA_MODELS to a folder of its own',
    ],
    [
      { element: "/my 'models'", lacks: 'write' } as const,
      "ada (uid 1000) may not write into /my 'models'",
      "let ada in (setfacl -m u:ada:rwx '/my '\\''models'\\'''), or set OLLAMA_MODELS to a folder of its own",
    ],
    [{ element: '/a', lacks: 'folder' } as const, '/a is not a folder', 'move it away, or set OLLAMA_MODELS to another folder'],
    [
      { element: '/mnt', lacks: 'write', readOnly: true } as const,
      '/mnt lies on a disk that is mounted read-only',
      'mount it for writing, or set OLLAMA_MODELS to another folder',
    ],
  ])('is told with the element that is at fault', (problem, text, advice) => {
    expect(describeFolderProblem(problem, { uid: 1000, name: 'ada' })).toEqual({ text, advice })
  })
})
