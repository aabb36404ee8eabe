import { setImmediate } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { AppError } from '../base/errors.ts'
import { silentLog } from '../base/log.ts'
import { createManualClock } from '../base/testing/manual-clock.ts'
import { DEFAULT_OPTIONS } from '../model/options.ts'
import { collect, greedyRequest } from '../runner/testing/conformance.ts'
import { createFakeLoader, type FakeLoaderOptions } from '../runner/testing/fake.ts'
import type { Lease } from './lease.ts'
import type { LoadOptions } from './options.ts'
import { createScheduler } from './scheduler.ts'
import type { LoadTarget, Memory, SchedulerLimits } from './target.ts'
import { createTarget, TEST_LIMITS } from './testing/targets.ts'

const GIB = 2 ** 30
const A = createTarget('a')
const B = createTarget('b')
const C = createTarget('c')

interface Setup extends FakeLoaderOptions {
  limits?: Partial<SchedulerLimits>
  memory?: () => Memory
}

interface Asking {
  options?: Partial<LoadOptions>
  keepAliveNs?: number
  signal?: AbortSignal
}

function setUp({ limits, memory, ...loaderOptions }: Setup = {}) {
  const clock = createManualClock()
  const loader = createFakeLoader(loaderOptions)
  const scheduler = createScheduler({
    loadRunner: loader.load,
    clock,
    log: silentLog,
    limits: { ...TEST_LIMITS, ...limits },
    memory: memory ?? (() => ({ totalBytes: 64 * GIB, freeBytes: 32 * GIB })),
  })
  onTestFinished(async () => {
    const closing = scheduler.close(0)
    clock.advance(1_000_000)
    await closing
  })
  const acquire = (target: LoadTarget, { options, ...rest }: Asking = {}) =>
    scheduler.acquire({ target, options: { ...DEFAULT_OPTIONS, ...options }, ...rest })
  const use = async (target: LoadTarget, asking: Asking = {}) => (await acquire(target, asking)).release()
  const names = () =>
    scheduler
      .running()
      .map(({ name }) => name)
      .sort()
  return { clock, loader, scheduler, acquire, use, names, loaded: () => loader.loads.map(({ spec }) => spec.modelPath) }
}

/** Lets everything happen that does not wait for a clock or a gate. */
async function settled(): Promise<void> {
  for (let round = 0; round < 5; round++) await setImmediate()
}

function createGate() {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

async function outcome(promise: Promise<Lease>): Promise<string> {
  return Promise.race([
    promise.then(
      () => 'granted',
      (error: AppError) => error.code,
    ),
    settled().then(() => 'waiting'),
  ])
}

describe('loading', () => {
  it('loads a model on demand and keeps one runner for all requests', async () => {
    const { acquire, loaded } = setUp({ limits: { numParallel: 4 } })
    const first = await acquire(A)
    const second = await acquire(A)
    expect(loaded()).toEqual([A.modelPath])
    expect(second.runner).toBe(first.runner)
    expect(first.contextTokens).toBe(4096)
  })

  it('lets requests wait for the load that is under way instead of loading twice', async () => {
    const gate = createGate()
    const { acquire, loaded } = setUp({ beforeLoad: () => gate.opened, limits: { numParallel: 4 } })
    const leases = [acquire(A), acquire(A), acquire(A)]
    await settled()
    gate.open()
    await Promise.all(leases)
    expect(loaded()).toEqual([A.modelPath])
  })

  it('loads strictly one at a time, in the order of the requests', async () => {
    const gates = [createGate(), createGate()]
    const { acquire, loaded } = setUp({ beforeLoad: (_, index) => gates[index]?.opened })
    const first = acquire(A)
    const second = acquire(B)
    await settled()
    expect(loaded()).toEqual([A.modelPath])
    gates[0]?.open()
    await first
    await settled()
    expect(loaded()).toEqual([A.modelPath, B.modelPath])
    gates[1]?.open()
    await second
  })

  it('serves a loaded model while another one loads', async () => {
    const gate = createGate()
    const { acquire, use } = setUp({ beforeLoad: (_, index) => (index === 1 ? gate.opened : undefined) })
    await use(A)
    const slow = acquire(B)
    await settled()
    expect(await outcome(acquire(A))).toBe('granted')
    gate.open()
    await slow
  })

  it('answers a failed load to everyone who waited for it, and tries again for the next request', async () => {
    const gate = createGate()
    const { acquire } = setUp({
      beforeLoad: async (_, index) => {
        await gate.opened
        if (index === 0) throw new AppError('load_failed', 'the file is broken')
      },
    })
    const waiting = [acquire(A), acquire(A)]
    await settled()
    gate.open()
    for (const lease of waiting) await expect(lease).rejects.toMatchObject({ code: 'load_failed', message: 'the file is broken' })
    expect(await outcome(acquire(A))).toBe('granted')
  })

  it('counts the time from the request to the grant, and never as nothing', async () => {
    const gate = createGate()
    const { acquire, clock } = setUp({ beforeLoad: () => gate.opened, limits: { numParallel: 2 } })
    const cold = acquire(A)
    await settled()
    clock.advance(250)
    gate.open()
    expect((await cold).loadNs).toBe(250e6)
    expect((await acquire(A)).loadNs).toBeGreaterThan(0)
  })
})

describe('giving up a load', () => {
  it('aborts when the only client leaves, and the next request starts afresh', async () => {
    const gate = createGate()
    const { acquire, loader } = setUp({ beforeLoad: (_, index) => (index === 0 ? gate.opened : undefined) })
    const client = new AbortController()
    const lease = acquire(A, { signal: client.signal })
    await settled()
    client.abort()
    await expect(lease).rejects.toMatchObject({ code: 'cancelled' })
    const next = acquire(A)
    expect(await outcome(next)).toBe('waiting')
    gate.open()
    await next
    expect(loader.loads).toHaveLength(2)
    expect(loader.loads[0]?.runner).toBeUndefined()
  })

  it('goes on when somebody else still waits for the model', async () => {
    const gate = createGate()
    const { acquire, loader } = setUp({ beforeLoad: () => gate.opened })
    const client = new AbortController()
    const left = acquire(A, { signal: client.signal })
    const stays = acquire(A)
    await settled()
    client.abort()
    await expect(left).rejects.toMatchObject({ code: 'cancelled' })
    gate.open()
    await stays
    expect(loader.loads).toHaveLength(1)
  })

  it('never starts for a client that has left the queue', async () => {
    const gate = createGate()
    const { acquire, loaded } = setUp({ beforeLoad: () => gate.opened })
    const first = acquire(A)
    const client = new AbortController()
    const second = acquire(B, { signal: client.signal })
    client.abort()
    await expect(second).rejects.toMatchObject({ code: 'cancelled' })
    gate.open()
    await first
    await settled()
    expect(loaded()).toEqual([A.modelPath])
  })

  it('refuses at once when the client has left already', async () => {
    const { acquire, loaded } = setUp()
    await expect(acquire(A, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'cancelled' })
    expect(loaded()).toEqual([])
  })

  it('times out after a stall without progress', async () => {
    const { acquire, clock } = setUp({ beforeLoad: () => new Promise(() => {}), limits: { loadTimeoutMs: 5000 } })
    const lease = acquire(A)
    await settled()
    clock.advance(4999)
    expect(await outcome(lease)).toBe('waiting')
    clock.advance(1)
    await settled()
    clock.advance(10_000)
    await expect(lease).rejects.toMatchObject({ code: 'load_timeout' })
  })

  it('closes a runner that arrives after its load was given up', async () => {
    const gate = createGate()
    const clock = createManualClock()
    const late = createFakeLoader()
    const scheduler = createScheduler({
      loadRunner: async (spec, { onProgress }) => {
        await gate.opened
        return late.load(spec, onProgress ? { onProgress } : {})
      },
      clock,
      log: silentLog,
      limits: TEST_LIMITS,
      memory: () => ({ totalBytes: GIB, freeBytes: GIB }),
    })
    const client = new AbortController()
    const lease = scheduler.acquire({ target: A, options: DEFAULT_OPTIONS, signal: client.signal })
    await settled()
    client.abort()
    await expect(lease).rejects.toMatchObject({ code: 'cancelled' })
    gate.open()
    await settled()
    expect(late.loads[0]?.runner?.closed).toBe(true)
    expect(scheduler.running()).toEqual([])
  })
})

describe('a load that tells how far it is', () => {
  const setUpSlow = () => {
    let tell: (loadedBytes: number) => void = () => {}
    const gate = createGate()
    const clock = createManualClock()
    const loader = createFakeLoader()
    const scheduler = createScheduler({
      loadRunner: async (spec, options) => {
        tell = (loadedBytes) => options.onProgress?.(loadedBytes)
        await gate.opened
        return loader.load(spec, {})
      },
      clock,
      log: silentLog,
      limits: { ...TEST_LIMITS, loadTimeoutMs: 1000 },
      memory: () => ({ totalBytes: GIB, freeBytes: GIB }),
    })
    const lease = scheduler.acquire({ target: A, options: DEFAULT_OPTIONS })
    return { lease, clock, gate, tell: (loadedBytes: number) => tell(loadedBytes) }
  }

  it('is not given up however long it takes, while the amount changes', async () => {
    const { lease, clock, gate, tell } = setUpSlow()
    await settled()
    for (let second = 0; second < 5; second++) {
      clock.advance(900)
      tell(second)
    }
    gate.open()
    await expect(lease).resolves.toBeDefined()
  })

  it('is given up when it tells the same amount for too long', async () => {
    const { lease, clock, tell } = setUpSlow()
    await settled()
    for (let time = 0; time < 12; time++) {
      tell(7)
      clock.advance(100)
    }
    await settled()
    clock.advance(10_000)
    await expect(lease).rejects.toMatchObject({ code: 'load_timeout' })
  })
})

describe('the queue', () => {
  it('is bounded for a model that loads', async () => {
    const gate = createGate()
    const { acquire } = setUp({ beforeLoad: () => gate.opened, limits: { maxQueue: 2 } })
    const admitted = [acquire(A), acquire(A), acquire(B)]
    await settled()
    await expect(acquire(A)).rejects.toMatchObject({
      code: 'server_busy',
      message: 'server busy, please try again.  maximum pending requests exceeded',
    })
    gate.open()
    for (const lease of admitted) (await lease).release()
  })

  it('is bounded for a loaded model whose slots are taken', async () => {
    const { acquire } = setUp({ limits: { maxQueue: 1, numParallel: 2 } })
    const leases = [await acquire(A), await acquire(A), await acquire(A)]
    await expect(acquire(A)).rejects.toMatchObject({ code: 'server_busy' })
    leases[0]?.release()
    expect(await outcome(acquire(A))).toBe('granted')
  })

  it('admits an idle server no matter how small it is', async () => {
    const { acquire } = setUp({ limits: { maxQueue: 0 } })
    const lease = await acquire(A)
    await expect(acquire(A)).rejects.toMatchObject({ code: 'server_busy' })
    lease.release()
    expect(await outcome(acquire(A))).toBe('granted')
  })
})

describe('keep-alive', () => {
  it('unloads when the time after the last lease has passed, and not before', async () => {
    const { acquire, clock, loader, names } = setUp({ limits: { numParallel: 2 } })
    const [first, second] = [await acquire(A), await acquire(A)]
    first.release()
    clock.advance(400_000)
    expect(names()).toEqual(['a:latest'])
    second.release()
    clock.advance(299_999)
    expect(names()).toEqual(['a:latest'])
    clock.advance(1)
    expect(names()).toEqual([])
    expect(loader.loads[0]?.runner?.closed).toBe(true)
  })

  it('begins anew with each use', async () => {
    const { use, clock, names } = setUp()
    await use(A)
    clock.advance(200_000)
    await use(A)
    clock.advance(200_000)
    expect(names()).toEqual(['a:latest'])
  })

  it('keeps what an earlier request has set when a later one sets nothing', async () => {
    const { use, clock, names } = setUp()
    await use(A, { keepAliveNs: 10e9 })
    await use(A)
    clock.advance(10_000)
    expect(names()).toEqual([])
  })

  it('of nothing unloads after the request', async () => {
    const { acquire, names } = setUp()
    const lease = await acquire(A, { keepAliveNs: 0 })
    expect(names()).toEqual(['a:latest'])
    lease.release()
    expect(names()).toEqual([])
  })

  it('without end sets no timer and says so', async () => {
    const { use, clock, scheduler } = setUp()
    await use(A, { keepAliveNs: Number.POSITIVE_INFINITY })
    expect(clock.timerCount).toBe(0)
    expect(scheduler.running()[0]?.expiresMs).toBe(Number.POSITIVE_INFINITY)
  })

  it('tells when a model will go: from the last use, or from now while it is used', async () => {
    const { acquire, clock, scheduler } = setUp()
    const lease = await acquire(A, { keepAliveNs: 60e9 })
    clock.advance(5000)
    expect(scheduler.running()[0]?.expiresMs).toBe(clock.nowMs() + 60_000)
    lease.release()
    clock.advance(20_000)
    expect(scheduler.running()[0]?.expiresMs).toBe(clock.nowMs() + 40_000)
  })

  it('counts a lease once however often it is released', async () => {
    const { acquire, names } = setUp({ limits: { numParallel: 2, keepAliveNs: 0 } })
    const [first, second] = [await acquire(A), await acquire(A)]
    first.release()
    first.release()
    expect(names()).toEqual(['a:latest'])
    second.release()
    expect(names()).toEqual([])
  })
})

describe('an explicit unload', () => {
  it('ends an idle runner at once', async () => {
    const { use, scheduler, names } = setUp()
    await use(A)
    scheduler.unload(A.key)
    expect(names()).toEqual([])
  })

  it('waits for the requests of a busy one', async () => {
    const { acquire, scheduler, names } = setUp()
    const lease = await acquire(A)
    scheduler.unload(A.key)
    expect(names()).toEqual(['a:latest'])
    lease.release()
    expect(names()).toEqual([])
  })

  it('during the load takes effect after the first request', async () => {
    const gate = createGate()
    const { acquire, scheduler, names } = setUp({ beforeLoad: () => gate.opened })
    const lease = acquire(A)
    await settled()
    scheduler.unload(A.key)
    gate.open()
    ;(await lease).release()
    expect(names()).toEqual([])
  })

  it('of a model that is not loaded does nothing', () => {
    const { scheduler } = setUp()
    expect(() => scheduler.unload('nothing')).not.toThrow()
  })
})

describe('making room', () => {
  it('evicts the idle model that is due first when the maximum is loaded', async () => {
    const { use, names } = setUp({ limits: { maxLoadedModels: 2 } })
    await use(A, { keepAliveNs: 100e9 })
    await use(B, { keepAliveNs: 50e9 })
    await use(C)
    expect(names()).toEqual(['a:latest', 'c:latest'])
  })

  it('loads three models where the maximum is automatic', async () => {
    const { use, names } = setUp({ limits: { maxLoadedModels: 0 } })
    for (const target of [A, B, C, createTarget('d')]) await use(target)
    expect(names()).toHaveLength(3)
  })

  it('waits for a busy model to become idle, and lets no new request take it meanwhile', async () => {
    const { acquire, names } = setUp({ limits: { maxLoadedModels: 1, numParallel: 2 } })
    const lease = await acquire(A)
    const other = acquire(B)
    const late = acquire(A)
    expect(await outcome(other)).toBe('waiting')
    expect(await outcome(late)).toBe('waiting')
    lease.release()
    ;(await other).release()
    await late
    expect(names()).toEqual(['a:latest'])
  })

  it('takes whichever of the busy models becomes idle first', async () => {
    const { acquire, names } = setUp({ limits: { maxLoadedModels: 2 } })
    await acquire(A, { keepAliveNs: 10e9 })
    const second = await acquire(B)
    const other = acquire(C)
    expect(await outcome(other)).toBe('waiting')
    second.release()
    await other
    expect(names()).toEqual(['a:latest', 'c:latest'])
  })

  it('spares the model when the one it had to make room for gives up', async () => {
    const { acquire, loader } = setUp({ limits: { maxLoadedModels: 1 } })
    const lease = await acquire(A)
    const client = new AbortController()
    const other = acquire(B, { signal: client.signal })
    await settled()
    client.abort()
    await expect(other).rejects.toMatchObject({ code: 'cancelled' })
    lease.release()
    expect(await outcome(acquire(A))).toBe('granted')
    expect(loader.loads).toHaveLength(1)
  })

  it('evicts when memory asks, until the model fits', async () => {
    const loadedCount = () => names().length
    const { use, names } = setUp({
      memory: () => ({ totalBytes: 3 * GIB, freeBytes: (3 - 1.2 * loadedCount()) * GIB }),
      runner: () => ({ facts: { sizeBytes: 1.2 * GIB } }),
    })
    await use(A)
    await use(B)
    await use(createTarget('large', { weightsBytes: 2 * GIB }))
    expect(names()).toEqual(['large:latest'])
  })

  it('refuses a model that fits under no circumstances, and leaves the others loaded', async () => {
    const { acquire, use, names } = setUp({ memory: () => ({ totalBytes: 4 * GIB, freeBytes: 3 * GIB }) })
    await use(A)
    const refused = acquire(createTarget('huge', { weightsBytes: 7 * GIB }))
    await expect(refused).rejects.toMatchObject({
      code: 'insufficient_memory',
      message: expect.stringMatching(/^model requires more system memory \(7\.\d GiB\) than is available \(3\.0 GiB\)$/),
    })
    expect(names()).toEqual(['a:latest'])
  })

  it('goes on with the queue after a refusal', async () => {
    const gate = createGate()
    const { acquire } = setUp({
      memory: () => ({ totalBytes: 4 * GIB, freeBytes: 3 * GIB }),
      beforeLoad: (_, index) => (index === 0 ? gate.opened : undefined),
    })
    const first = acquire(A)
    const huge = acquire(createTarget('huge', { weightsBytes: 7 * GIB }))
    const last = acquire(B)
    await settled()
    gate.open()
    await first
    await expect(huge).rejects.toMatchObject({ code: 'insufficient_memory' })
    expect(await outcome(last)).toBe('granted')
  })
})

describe('a reload', () => {
  it('happens when the context changes, after the requests that use the old one', async () => {
    const { acquire, loader } = setUp({ limits: { numParallel: 2 } })
    const lease = await acquire(A)
    const other = acquire(A, { options: { num_ctx: 1024 } })
    expect(await outcome(other)).toBe('waiting')
    lease.release()
    expect((await other).contextTokens).toBe(1024)
    expect(loader.loads.map(({ runner }) => runner?.closed)).toEqual([true, false])
  })

  it('does not happen for a context beyond the one the model was trained with', async () => {
    const { use, loader } = setUp()
    await use(A, { options: { num_ctx: 8192 } })
    await use(A, { options: { num_ctx: 100_000 } })
    expect(loader.loads).toHaveLength(1)
  })
})

describe('a runner that dies', () => {
  it('is loaded again for the next request', async () => {
    const { acquire, loader, names } = setUp()
    const lease = await acquire(A)
    loader.loads[0]?.runner?.crash()
    await settled()
    expect(names()).toEqual([])
    const next = await acquire(A)
    expect(next.runner).not.toBe(lease.runner)
    lease.release()
    expect(names()).toEqual(['a:latest'])
  })

  it('frees its place for a model that waited for it', async () => {
    const { acquire, loader } = setUp({ limits: { maxLoadedModels: 1 } })
    await acquire(A)
    const other = acquire(B)
    expect(await outcome(other)).toBe('waiting')
    loader.loads[0]?.runner?.crash()
    await expect(other).resolves.toBeDefined()
  })
})

describe('running models', () => {
  it('are listed under the name they were first loaded with, with what the engine reports', async () => {
    const { acquire, scheduler } = setUp({ runner: () => ({ facts: { sizeBytes: 123, sizeVramBytes: 45 } }) })
    await acquire(A)
    await acquire({ ...A, name: 'alias:latest' })
    expect(scheduler.running()).toMatchObject([
      { name: 'a:latest', digestHex: A.digestHex, sizeBytes: 123, sizeVramBytes: 45, contextTokens: 4096 },
    ])
  })

  it('are listed with the context that was asked for, though the engine rounds it up', async () => {
    const { acquire, scheduler } = setUp({ runner: () => ({ facts: { contextTokens: 256 } }) })
    expect((await acquire(A, { options: { num_ctx: 64 } })).contextTokens).toBe(64)
    expect(scheduler.running()[0]?.contextTokens).toBe(64)
  })

  it('are listed with the estimate where the engine reports no size', async () => {
    const { use, scheduler } = setUp({ runner: () => ({ facts: { sizeBytes: 0 } }) })
    await use(A)
    expect(scheduler.running()[0]?.sizeBytes).toBeGreaterThan(A.weightsBytes)
  })
})

describe('a context that grows', () => {
  const LONG = 'x'.repeat(5000)
  const read = async ({ runner, contextLimitTokens }: Lease, prompt = LONG) => {
    const { end } = await collect(runner.complete(greedyRequest({ prompt, maxTokens: 1, contextLimitTokens })))
    return end.droppedTokens
  }

  it('may reach the training context where nobody says how large it is', async () => {
    const { acquire } = setUp()
    const lease = await acquire(A)
    expect([lease.contextTokens, lease.contextLimitTokens]).toEqual([4096, 8192])
  })

  it.each([
    ['the request', { options: { num_ctx: 4096 } }, {}],
    ['the configuration', {}, { contextTokens: 4096 }],
  ])('does not where %s says it', async (_, asking, limits) => {
    const { acquire, scheduler } = setUp({ limits })
    const lease = await acquire(A, asking)
    expect(lease.contextLimitTokens).toBe(4096)
    expect(await read(lease)).toBeGreaterThan(0)
    expect(scheduler.running()[0]?.contextTokens).toBe(4096)
  })

  it('is listed as it is, and serves on all that leave its size open', async () => {
    const { acquire, scheduler, loaded } = setUp({ limits: { numParallel: 4 } })
    expect(await read(await acquire(A))).toBe(0)
    expect(scheduler.running()[0]?.contextTokens).toBe(8192)
    expect(await read(await acquire(A))).toBe(0)
    expect(loaded()).toHaveLength(1)
  })

  it('serves a request for the size that it has come to, and is loaded again for any other', async () => {
    const { acquire, use, loader, scheduler } = setUp()
    const first = await acquire(A)
    await read(first)
    first.release()
    const exact = await acquire(A, { options: { num_ctx: 8192 } })
    expect([loader.loads.length, exact.contextTokens, exact.contextLimitTokens]).toEqual([1, 8192, 8192])
    exact.release()
    await use(A, { options: { num_ctx: 4096 } })
    expect(loader.loads).toHaveLength(2)
    expect(scheduler.running()[0]?.contextTokens).toBe(4096)
  })

  it('also grows for those who leave its size open when it was loaded by one who did not', async () => {
    const { acquire, use, loaded } = setUp()
    await use(A, { options: { num_ctx: 4096 } })
    expect(await read(await acquire(A))).toBe(0)
    expect(loaded()).toHaveLength(1)
  })

  it('stays where there is no memory for it', async () => {
    let freeBytes = 32 * GIB
    const { acquire, scheduler } = setUp({ memory: () => ({ totalBytes: 64 * GIB, freeBytes }) })
    const lease = await acquire(A)
    freeBytes = 4 * GIB
    expect(await read(lease)).toBeGreaterThan(0)
    expect(scheduler.running()[0]?.contextTokens).toBe(4096)
    freeBytes = 5 * GIB
    expect(await read(lease, `y${LONG}`)).toBe(0)
  })

  it('leaves the memory to a load that is under way', async () => {
    const gate = createGate()
    const memory = () => ({ totalBytes: 64 * GIB, freeBytes: 4.6 * GIB })
    const { acquire } = setUp({ beforeLoad: (_, index) => (index === 1 ? gate.opened : undefined), memory })
    const lease = await acquire(A)
    const other = acquire(B)
    await settled()
    expect(await read(lease)).toBeGreaterThan(0)
    gate.open()
    await other
    expect(await read(lease, `y${LONG}`)).toBe(0)
  })
})

describe('closing', () => {
  it('refuses what waits and what comes, and waits for the leases that are out', async () => {
    const { acquire, scheduler, loader } = setUp({ limits: { maxLoadedModels: 1 } })
    const lease = await acquire(A)
    const waiting = acquire(B)
    const closing = scheduler.close(10_000)
    await expect(waiting).rejects.toMatchObject({ code: 'shutting_down' })
    await expect(acquire(A)).rejects.toMatchObject({ code: 'shutting_down' })
    expect(loader.loads[0]?.runner?.closed).toBe(false)
    lease.release()
    await closing
    expect(loader.loads[0]?.runner?.closed).toBe(true)
  })

  it('does not wait longer than it may', async () => {
    const { acquire, scheduler, loader, clock } = setUp()
    await acquire(A)
    const closing = scheduler.close(10_000)
    clock.advance(10_000)
    await closing
    expect(loader.loads[0]?.runner?.closed).toBe(true)
  })

  it('ends idle runners and gives up a load', async () => {
    const gate = createGate()
    const { use, acquire, scheduler, loader } = setUp({ beforeLoad: (_, index) => (index === 1 ? gate.opened : undefined) })
    await use(A)
    const loading = acquire(B)
    await settled()
    const closing = scheduler.close(10_000)
    gate.open()
    await expect(loading).rejects.toMatchObject({ code: 'shutting_down' })
    await closing
    expect(loader.loads.map(({ runner }) => runner?.closed)).toEqual([true, undefined])
  })
})
