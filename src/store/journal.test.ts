import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { digestHex, toDigest } from '../model/digest.ts'
import { bootId } from './owner.ts'
import { createScratch, type Scratch } from './testing/scratch.ts'

let scratch: Scratch
beforeEach(async () => {
  scratch = await createScratch()
})
afterEach(() => scratch.remove())

const BYTES = new Uint8Array(200_000).map((_, index) => index * 7)
const DIGEST = toDigest(createHash('sha256').update(BYTES).digest('hex'))
const data = () => `${scratch.store.blobs.path(DIGEST)}-partial`
const journal = () => `${scratch.root}/.locks/written-${digestHex(DIGEST)}`
const open = () => scratch.store.blobs.openPartial(DIGEST, BYTES.length)

/** Writes two ranges that no progress file counts, and stops. */
async function stopAfterTwoRanges(): Promise<void> {
  const partial = await open()
  await partial.write(100_000, BYTES.subarray(100_000, 180_000))
  await partial.write(50_000, BYTES.subarray(50_000, 60_000))
  await partial.close()
  expect(JSON.parse(readFileSync(`${data()}-0`, 'utf8'))).toMatchObject({ Completed: 0 })
}

async function missing(): Promise<unknown> {
  const partial = await open()
  const ranges = partial.missing()
  await partial.close()
  return ranges
}

const NOTHING_KEPT = [{ start: 0, end: BYTES.length }]
const ALL_KEPT = [
  { start: 0, end: 50_000 },
  { start: 60_000, end: 100_000 },
  { start: 180_000, end: BYTES.length },
]

describe.skipIf(bootId() === undefined)('the journal of a download', () => {
  it('has what was written before any progress file counts it, while the download is open', async () => {
    const partial = await open()
    await partial.write(100_000, BYTES.subarray(100_000, 180_000))
    expect(readFileSync(journal(), 'utf8')).toMatch(/\n100000 180000\n$/)
    await partial.close()
  })

  it('lets the next download go on with ranges of all places', async () => {
    await stopAfterTwoRanges()
    expect(await missing()).toEqual(ALL_KEPT)
    expect(await missing()).toEqual(ALL_KEPT)
    const partial = await open()
    for (const { start, end } of ALL_KEPT) await partial.write(start, BYTES.subarray(start, end))
    await partial.commit()
    expect(new Uint8Array(readFileSync(scratch.store.blobs.path(DIGEST)))).toEqual(BYTES)
    expect(existsSync(journal())).toBe(false)
  })

  it('does not count a line that was cut off, nor one that says something else', async () => {
    await stopAfterTwoRanges()
    const lines = readFileSync(journal(), 'utf8').trimEnd().split('\n')
    writeFileSync(journal(), `${lines[0]}\n100000 180000\n9 5\n-1 5\n0 1e9\n0 ${BYTES.length + 1}\nx\n50000 600`)
    expect(await missing()).toEqual([
      { start: 0, end: 100_000 },
      { start: 180_000, end: BYTES.length },
    ])
  })

  it('counts in the same boot only', async () => {
    await stopAfterTwoRanges()
    writeFileSync(journal(), readFileSync(journal(), 'utf8').replace(/"boot":"[^"]+"/, '"boot":"another"'))
    expect(await missing()).toEqual(NOTHING_KEPT)
  })

  it('counts for the same file only', async () => {
    await stopAfterTwoRanges()
    copyFileSync(data(), `${data()}.copy`)
    renameSync(`${data()}.copy`, data())
    expect(await missing()).toEqual(NOTHING_KEPT)
  })

  it.each([0, 10, 64 * 1024 * 1024 + 1])('of %d bytes counts nothing', async (length) => {
    await stopAfterTwoRanges()
    truncateSync(journal(), length)
    expect(await missing()).toEqual(NOTHING_KEPT)
  })

  it('goes away with the download', async () => {
    await stopAfterTwoRanges()
    truncateSync(data(), 5)
    expect(await missing()).toEqual(NOTHING_KEPT)
  })
})
