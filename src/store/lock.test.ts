import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../base/clock.ts'
import { createManualClock } from '../base/testing/manual-clock.ts'
import { Locks, STALE_MS } from './lock.ts'
import { ownOwner, stateOf } from './owner.ts'

const parent = mkdtempSync(path.join(tmpdir(), 'lock-'))
afterAll(() => rmSync(parent, { recursive: true, force: true }))
let folder: string
let count = 0
beforeEach(() => {
  folder = path.join(parent, String(count++))
  mkdirSync(folder)
})

const fileOf = (name: string) => path.join(folder, `${name}.lock`)
const [machine = '', , start = ''] = ownOwner().split('_')
/** No process has this number: the highest that Linux gives is 2^22. */
const NOBODY = 2 ** 22 + 1
const DEAD = `${machine}_${NOBODY}_1`
const ELSEWHERE = 'another-machine_1_1'

describe('a lock', () => {
  it('is a file that names its owner, and gone afterwards', async () => {
    const lock = await new Locks(folder, systemClock).acquire('a')
    expect(readFileSync(fileOf('a'), 'utf8')).toBe(ownOwner())
    await lock.release()
    expect(existsSync(fileOf('a'))).toBe(false)
    await lock.release()
  })

  it('is given to one at a time, in order', async () => {
    const locks = new Locks(folder, systemClock)
    const order: string[] = []
    let inside = 0
    const work = (name: string) =>
      locks.with('a', async () => {
        expect(++inside).toBe(1)
        await Promise.resolve()
        order.push(name)
        inside--
      })
    await Promise.all([work('1'), work('2'), work('3')])
    expect(order).toEqual(['1', '2', '3'])
  })

  it('keeps two sets of locks on one folder apart, as two processes are', async () => {
    const [one, other] = [new Locks(folder, systemClock), new Locks(folder, systemClock)]
    const first = await one.acquire('a')
    let got = false
    const second = other.acquire('a').then((lock) => {
      got = true
      return lock
    })
    expect(await other.tryAcquire('a')).toBeUndefined()
    expect(got).toBe(false)
    await first.release()
    await (await second).release()
  })

  it('is released when the work fails', async () => {
    const locks = new Locks(folder, systemClock)
    await expect(locks.with('a', () => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
    await locks.with('a', async () => {})
  })

  it('is given up when the one who waits aborts, and the next in the queue still gets it', async () => {
    const locks = new Locks(folder, systemClock)
    const held = await locks.acquire('a')
    const abort = new AbortController()
    const waiting = locks.acquire('a', abort.signal)
    const next = locks.acquire('a')
    abort.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' })
    await held.release()
    await (await next).release()
  })

  it('is waited for by a process that has nothing else to do', async () => {
    const lock = await new Locks(folder, systemClock).acquire('a')
    const modules = ['./lock.ts', '../base/clock.ts'].map((file) => new URL(file, import.meta.url).href)
    const program = `
      const [{ Locks }, { systemClock }] = await Promise.all(${JSON.stringify(modules)}.map((url) => import(url)))
      console.log('waits')
      await new Locks(${JSON.stringify(folder)}, systemClock).acquire('a')
      console.log('has it')
      process.exit(0)`
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
    expect((await lines.next()).value).toBe('waits')
    await new Promise((resolve) => setTimeout(resolve, 300))
    await lock.release()
    expect((await lines.next()).value).toBe('has it')
  }, 20_000)

  it('is given up while it waits for another process', async () => {
    writeFileSync(fileOf('a'), `${machine}_${process.pid}_${start}`)
    const abort = new AbortController()
    const waiting = new Locks(folder, systemClock).acquire('a', abort.signal)
    abort.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' })
    expect(existsSync(fileOf('a'))).toBe(true)
  })

  // Where the system does not tell when a process began, a reused number cannot be seen.
  const reused = start === '0' ? [] : [['a process whose number another has now', `${machine}_${process.pid}_1`]]
  it.each([['a dead process', DEAD], ...reused])('of %s is taken over at once', async (_, owner) => {
    writeFileSync(fileOf('a'), owner ?? '')
    const lock = await new Locks(folder, createManualClock(Date.now())).acquire('a')
    expect(readFileSync(fileOf('a'), 'utf8')).toBe(ownOwner())
    await lock.release()
  })

  it.each([ELSEWHERE, ''])(
    'of an owner that cannot be asked (%j) is taken over only when nobody has touched it for long',
    async (owner) => {
      const clock = createManualClock(Date.now())
      const locks = new Locks(folder, clock)
      writeFileSync(fileOf('a'), owner)
      expect(await locks.tryAcquire('a')).toBeUndefined()
      clock.advance(STALE_MS - 1000)
      expect(await locks.tryAcquire('a')).toBeUndefined()
      clock.advance(2000)
      await (await locks.tryAcquire('a'))?.release()
      expect(existsSync(fileOf('a'))).toBe(false)
    },
  )

  it('is taken over by one only, and the guard of a dead one does not bar it', async () => {
    writeFileSync(fileOf('a'), DEAD)
    writeFileSync(`${fileOf('a')}.takeover`, DEAD)
    let inside = 0
    await Promise.all(
      Array.from({ length: 4 }, () =>
        new Locks(folder, systemClock).with('a', async () => {
          expect(++inside).toBe(1)
          await Promise.resolve()
          inside--
        }),
      ),
    )
  })

  it('that another took over is not removed by its former holder', async () => {
    const lock = await new Locks(folder, systemClock).acquire('a')
    writeFileSync(fileOf('a'), ELSEWHERE)
    await lock.release()
    expect(readFileSync(fileOf('a'), 'utf8')).toBe(ELSEWHERE)
  })

  it('is touched while it is held', async () => {
    const clock = createManualClock(Date.now())
    const lock = await new Locks(folder, clock).acquire('a')
    utimesSync(fileOf('a'), 1, 1)
    expect(clock.timerCount).toBe(1)
    clock.advance(6000)
    await expect.poll(() => clock.timerCount).toBe(1)
    await lock.release()
    expect(clock.timerCount).toBe(0)
  })
})

describe('the owner of a lock', () => {
  it('is alive, dead or elsewhere', () => {
    expect(stateOf(ownOwner())).toBe('alive')
    expect(stateOf(DEAD)).toBe('dead')
    expect(stateOf(ELSEWHERE)).toBe('elsewhere')
    expect(stateOf('')).toBe('elsewhere')
    expect(stateOf(`${machine}_x_1`)).toBe('elsewhere')
    expect(stateOf(`${machine}_-1_1`)).toBe('elsewhere')
  })
})
