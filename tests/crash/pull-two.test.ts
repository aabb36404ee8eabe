// Two processes that pull the same model into the same folder: one fetches, the other follows.

import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { digestHex } from '../../src/model/digest.ts'
import { type Fault, type FaultRegistry, modelOf, startFaultRegistry } from '../support/fault-registry.ts'

const CHILD = fileURLToPath(new URL('./pull-child.ts', import.meta.url))
const MIB = 1024 * 1024
const WEIGHTS = randomBytes(24 * MIB)
const MODEL = modelOf(WEIGHTS)
const PIECE_BYTES = 64 * 1024
const PIECE_EVERY_MS = 25

let root: string
let registry: FaultRegistry
let sentBytes: number
const children = new Set<ChildProcess>()
beforeEach(async () => {
  root = mkdtempSync(path.join(tmpdir(), 'pull-two-'))
  sentBytes = 0
  registry = await startFaultRegistry(MODEL, ({ wanted }) => (wanted?.blob === WEIGHTS ? slowly : undefined))
})
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL')
  children.clear()
  await registry.close()
  rmSync(root, { recursive: true, force: true })
})

const slowly: Fault = ({ wanted }, reply) => {
  const { start = 0, end = 0 } = wanted ?? {}
  reply.writeHead(206, { 'content-range': `bytes ${start}-${end - 1}/${WEIGHTS.length}`, 'content-length': end - start })
  let at = start
  const timer = setInterval(() => {
    const bytes = WEIGHTS.subarray(at, Math.min(at + PIECE_BYTES, end))
    at += bytes.length
    sentBytes += bytes.length
    if (at < end) return void reply.write(bytes)
    clearInterval(timer)
    reply.end(bytes)
  }, PIECE_EVERY_MS)
  reply.on('close', () => clearInterval(timer))
}

interface Line {
  status: string
  digest?: string
  completedBytes?: number
}

async function pull(): Promise<{ code: number | null; lines: Line[] }> {
  const child = spawn(process.execPath, ['--import', 'tsx', CHILD, root, `${registry.host}/library/m:v1`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.add(child)
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (data: string) => (text += data))
  const [code] = (await once(child, 'close')) as [number | null]
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
  return { code, lines }
}

describe('two pulls of one model in two processes', () => {
  it('fetch it once, and both show how far it is', async () => {
    const both = await Promise.all([pull(), pull()])
    expect(both.map(({ code, lines }) => [code, lines.at(-1)])).toEqual([
      [0, { status: 'success' }],
      [0, { status: 'success' }],
    ])
    expect(sentBytes).toBeLessThan(WEIGHTS.length * 1.05)
    for (const { lines } of both) {
      const amounts = lines.filter(({ digest }) => digest === MODEL.digest).map(({ completedBytes = 0 }) => completedBytes)
      expect(amounts, 'progress never goes backwards').toEqual(amounts.toSorted((a, b) => a - b))
      expect(amounts.filter((bytes) => bytes > 0 && bytes < WEIGHTS.length).length).toBeGreaterThan(0)
    }
    const blob = readFileSync(path.join(root, 'blobs', `sha256-${digestHex(MODEL.digest)}`))
    expect(blob.equals(WEIGHTS)).toBe(true)
    expect(readdirSync(path.join(root, 'blobs')).filter((name) => name.includes('partial'))).toEqual([])
  })
})
