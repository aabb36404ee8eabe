import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createManualClock, type ManualClock } from '../../base/testing/manual-clock.ts'
import { createExclusiveFiles } from '../testing/exclusive-files.ts'
import { MAX_WAIT_MS, PrefixRoom, type PrefixRoomOptions } from './prefix-room.ts'

const KEYS = ['key-1', 'key-2'] as const

let root: string
let clock: ManualClock
let openExclusively: PrefixRoomOptions['openExclusively']
beforeEach(() => {
  root = mkdtempSync(path.join(existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir(), 'prefix-room-'))
  for (const key of KEYS) mkdirSync(path.join(root, key))
  clock = createManualClock()
  openExclusively = createExclusiveFiles()
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const roomOf = (limitBytes: number, options: Partial<PrefixRoomOptions> = {}) =>
  new PrefixRoom({ root, limitBytes, freeShare: 1, clock, openExclusively, ...options })
const stateOf = (number: number, key: string = KEYS[0]) => path.join(root, key, `${`${number}`.padStart(32, '0')}.state`)
const temporaryOf = (number: number, key: string = KEYS[0]) => path.join(root, key, `tmp-${`${number}`.padStart(16, '0')}`)

function save(file: string, { sizeBytes = 100, ageMs = 0 } = {}): string {
  writeFileSync(file, '')
  truncateSync(file, sizeBytes)
  utimesSync(file, (clock.nowMs() - ageMs) / 1000, (clock.nowMs() - ageMs) / 1000)
  return file
}

const all = () => KEYS.flatMap((key) => readdirSync(path.join(root, key)).map((name) => path.join(root, key, name)))
const allBytes = () => all().reduce((sum, file) => sum + statSync(file).size, 0)

describe('PrefixRoom', () => {
  it('gives a file its full size, after what was not used for longest has gone, whatever its key', async () => {
    const [oldest, old, young] = [save(stateOf(1, 'key-2'), { ageMs: 3000 }), save(stateOf(2), { ageMs: 2000 }), save(stateOf(3))]
    const reserved = await roomOf(300).reserve(temporaryOf(4), 150)
    expect(reserved?.removed).toEqual([oldest, old])
    expect(all()).toEqual([young, temporaryOf(4)])
    expect(statSync(temporaryOf(4)).size).toBe(150)
    reserved?.file.close()
  })

  it.skipIf(process.platform === 'win32')('makes files and the lock for this user only', async () => {
    await roomOf(300).reserve(temporaryOf(1), 10)
    for (const file of [temporaryOf(1), path.join(root, 'lock')]) expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it('counts what others are writing, and leaves it', async () => {
    const state = save(stateOf(1))
    const theirs = await roomOf(300).reserve(temporaryOf(2, 'key-2'), 150)
    expect(await roomOf(300).reserve(temporaryOf(3), 151)).toBeUndefined()
    expect(all()).toEqual([state, temporaryOf(2, 'key-2')])
    expect((await roomOf(300).reserve(temporaryOf(3), 150))?.removed).toEqual([state])
    theirs?.file.close()
  })

  it('deletes what nobody is writing any more', async () => {
    const left = save(temporaryOf(1, 'key-2'), { sizeBytes: 250 })
    expect((await roomOf(300).reserve(temporaryOf(2), 300))?.removed).toEqual([])
    expect(existsSync(left)).toBe(false)
  })

  it('has none for what is larger than the limit, and deletes nothing for it', async () => {
    const state = save(stateOf(1))
    expect(await roomOf(200).reserve(temporaryOf(2), 201)).toBeUndefined()
    expect(all()).toEqual([state])
    expect((await roomOf(200).reserve(temporaryOf(2), 200))?.removed).toEqual([state])
  })

  it('takes no more than its share of the free space', async () => {
    expect(await roomOf(1e9, { freeShare: 1e-12 }).reserve(temporaryOf(1), 100)).toBeUndefined()
  })

  it('does not mind that a folder goes, nor what has another name', async () => {
    writeFileSync(path.join(root, 'key-1', 'notes.txt'), 'x'.repeat(500))
    rmSync(path.join(root, 'key-2'), { recursive: true })
    expect((await roomOf(100).reserve(temporaryOf(1), 100))?.removed).toEqual([])
    expect(readdirSync(path.join(root, 'key-1'))).toHaveLength(2)
  })

  it('never holds more than the limit, however many reserve at the same time', async () => {
    const limitBytes = 1000
    for (const number of [1, 2, 3, 4, 5]) save(stateOf(number), { sizeBytes: 200, ageMs: number })
    let mostBytes = 0
    const watched: PrefixRoomOptions['openExclusively'] = (file) => {
      const own = openExclusively(file)
      const close = () => {
        mostBytes = Math.max(mostBytes, allBytes())
        own?.close()
      }
      return own && { ...own, close }
    }
    const reserve = async (number: number) => {
      const room = roomOf(limitBytes, { openExclusively: watched })
      const reserved = await room.reserve(temporaryOf(number), 300)
      return reserved && room.rename(reserved.file, temporaryOf(number), stateOf(number))
    }
    await Promise.all([11, 12, 13, 14, 15, 16].map(reserve))
    expect(mostBytes).toBeGreaterThan(limitBytes - 300)
    expect(mostBytes).toBeLessThanOrEqual(limitBytes)
  })

  it('gives a whole file its name, once', async () => {
    const room = roomOf(300)
    const reserved = await room.reserve(temporaryOf(1), 100)
    if (!reserved) throw new Error('there is room')
    save(stateOf(1), { sizeBytes: 5 })
    expect(await room.rename(reserved.file, temporaryOf(1), stateOf(1))).toBe(true)
    expect([all(), statSync(stateOf(1)).size]).toEqual([[stateOf(1)], 100])
    expect(await room.rename(reserved.file, temporaryOf(1), stateOf(1))).toBe(false)
  })
})

describe('while another holds the lock', () => {
  const lockFile = () => path.join(root, 'lock')

  /** As far as the promise needs it. */
  async function passTime<T>(promise: Promise<T>): Promise<{ result: T; waitedMs: number }> {
    const startMs = clock.nowMs()
    let isDone = false
    void promise.finally(() => {
      isDone = true
    })
    while (!isDone) {
      await new Promise(setImmediate)
      if (clock.timerCount > 0) clock.advance(1)
    }
    return { result: await promise, waitedMs: clock.nowMs() - startMs }
  }

  it('gets its turn when that is done', async () => {
    const lock = openExclusively(lockFile())
    const reserving = roomOf(300).reserve(temporaryOf(1), 100)
    while (clock.timerCount === 0) await new Promise(setImmediate)
    expect(all()).toEqual([])
    lock?.close()
    expect((await passTime(reserving)).result?.removed).toEqual([])
  })

  it('goes without a file, soon', async () => {
    openExclusively(lockFile())
    const { result, waitedMs } = await passTime(roomOf(300).reserve(temporaryOf(1), 100))
    expect([result, all()]).toEqual([undefined, []])
    expect(waitedMs).toBeGreaterThanOrEqual(MAX_WAIT_MS)
    expect(waitedMs).toBeLessThan(MAX_WAIT_MS * 1.1)
  })

  it('goes without a name for its file, which is still its own', async () => {
    const room = roomOf(300)
    const reserved = await room.reserve(temporaryOf(1), 100)
    if (!reserved) throw new Error('there is room')
    openExclusively(lockFile())
    expect((await passTime(room.rename(reserved.file, temporaryOf(1), stateOf(1)))).result).toBe(false)
    expect(all()).toEqual([temporaryOf(1)])
    expect(openExclusively(temporaryOf(1))).toBeUndefined()
  })
})
