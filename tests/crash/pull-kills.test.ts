// kill -9 twenty times at random moments of one pull. The blob is whole in the end, and hardly a byte was sent twice.

import { type ChildProcess, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { digestHex } from '../../src/model/digest.ts'
import { type Fault, type FaultRegistry, modelOf, startFaultRegistry } from '../support/fault-registry.ts'

const CHILD = fileURLToPath(new URL('./pull-child.ts', import.meta.url))
const KILLS = 20
const SEED = 20_260_821
const MIB = 1024 * 1024
const WEIGHTS = randomBytes(64 * MIB)
const MODEL = modelOf(WEIGHTS)

let root: string
let registry: FaultRegistry
let line: SlowLine
let child: ChildProcess | undefined
beforeEach(async () => {
  root = mkdtempSync(path.join(tmpdir(), 'pull-kills-'))
  line = createSlowLine()
  registry = await startFaultRegistry(MODEL, ({ wanted }) => (wanted?.blob === WEIGHTS ? line.fault : undefined))
})
afterEach(async () => {
  child?.kill('SIGKILL')
  line.stop()
  await registry.close()
  rmSync(root, { recursive: true, force: true })
})

describe('a pull that is killed twenty times', () => {
  it('ends with a whole blob, with less than 5 % of its bytes sent twice', async () => {
    const random = createRandom(SEED)
    for (let kill = 0; kill < KILLS; kill++) {
      // On average a bit less than the whole blob in all; at times before the first byte.
      const until = line.sentBytes + Math.floor(((random() * 2) / (KILLS + 2)) * WEIGHTS.length)
      const ended = startPull()
      line.whenSent(until, () => {
        child?.kill('SIGKILL')
        line.hangUp()
      })
      expect(await ended).toEqual([null, 'SIGKILL'])
    }
    expect(await startPull()).toEqual([0, null])
    const blob = readFileSync(path.join(root, 'blobs', `sha256-${digestHex(MODEL.digest)}`))
    expect(createHash('sha256').update(blob).digest('hex')).toBe(digestHex(MODEL.digest))
    expect(readdirSync(path.join(root, 'blobs')).filter((name) => name.includes('partial'))).toEqual([])
    const twice = (line.sentBytes - WEIGHTS.length) / WEIGHTS.length
    expect(twice).toBeLessThan(0.05)
  })
})

/** How it ended: code and signal. */
async function startPull(): Promise<unknown[]> {
  child = spawn(process.execPath, ['--import', 'tsx', CHILD, root, `${registry.host}/library/m:v1`], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  return once(child, 'exit')
}

interface SlowLine {
  fault: Fault
  /** Of the weights, to all clients together. */
  readonly sentBytes: number
  whenSent(bytes: number, task: () => void): void
  hangUp(): void
  stop(): void
}

/** Small pieces in turns to all connections: hardly anything waits in the buffers of the system, so that what was sent was received. */
function createSlowLine(): SlowLine {
  const PIECE_BYTES = 8 * 1024
  const PIECES_PER_TICK = 4
  const open: { reply: ServerResponse; rest: Buffer }[] = []
  let sentBytes = 0
  let [mark, task] = [Number.POSITIVE_INFINITY, () => {}]
  const check = () => {
    if (sentBytes < mark) return
    mark = Number.POSITIVE_INFINITY
    task()
  }
  const tick = () => {
    for (let piece = 0; piece < PIECES_PER_TICK; piece++) {
      const next = open.shift()
      if (!next) return
      if (next.reply.destroyed) continue
      const bytes = next.rest.subarray(0, PIECE_BYTES)
      sentBytes += bytes.length
      const rest = next.rest.subarray(bytes.length)
      if (rest.length > 0) {
        next.reply.write(bytes)
        open.push({ reply: next.reply, rest })
      } else next.reply.end(bytes)
      check()
    }
  }
  const timer = setInterval(tick, 5)
  return {
    fault: ({ wanted }, reply) => {
      const { start = 0, end = 0 } = wanted ?? {}
      reply.writeHead(206, { 'content-range': `bytes ${start}-${end - 1}/${WEIGHTS.length}`, 'content-length': end - start })
      reply.flushHeaders()
      open.push({ reply, rest: WEIGHTS.subarray(start, end) })
      check()
    },
    get sentBytes() {
      return sentBytes
    },
    whenSent(bytes, next) {
      ;[mark, task] = [bytes, next]
    },
    hangUp() {
      open.length = 0
    },
    stop: () => clearInterval(timer),
  }
}

/** mulberry32 */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
