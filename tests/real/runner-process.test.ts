// Births and deaths of runner processes: loads that fail say why, and nothing is left behind, whoever dies first.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeTinyModel } from '../../src/gguf/testing/tiny-model.ts'
import type { Runner } from '../../src/runner/runner.ts'
import { collect, greedyRequest } from '../../src/runner/testing/conformance.ts'
import { isAlive, loadRunner, makeFolder, realSpec, tinySpec, untilGone } from './runner-support.ts'

const folder = makeFolder()
const file = (name: string) => path.join(folder, name)

beforeAll(async () => {
  await writeTinyModel(file('good.gguf'))
  await writeTinyModel(file('aborts.gguf'), { abortsEngine: true })
  await writeTinyModel(file('cut.gguf'))
  truncateSync(file('cut.gguf'), 100_000)
  writeFileSync(file('text.gguf'), 'this is no model')
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('a load', () => {
  it('tells what the engine says of the model', async () => {
    const progress: number[] = []
    const runner = await loadRunner(tinySpec(file('good.gguf')), { onProgress: (bytes) => progress.push(bytes) })
    expect(runner.facts).toMatchObject({
      contextTokens: 128,
      trainContextTokens: 512,
      embeddingLength: 64,
      addsBos: false,
      eosText: '<|im_end|>',
    })
    expect(runner.facts.sizeBytes).toBeGreaterThan(200_000)
    expect(runner.facts.sizeVramBytes).toBe(0)
    expect(runner.facts.loadNs).toBeGreaterThan(0)
    expect(isAlive(runner.facts.processId)).toBe(true)
    if (process.platform === 'linux') expect(Math.max(...progress)).toBeGreaterThan(1_000_000)
    await runner.close()
    expect(isAlive(runner.facts.processId)).toBe(false)
  })

  it.each([
    ['is no GGUF', 'text.gguf', /magic|invalid|fail/i],
    ['is cut off', 'cut.gguf', /tensor|bounds|corrupt/i],
    ['is not there', 'nowhere.gguf', /open|No such file/i],
  ])('of a file that %s fails and says why', async (_, name, words) => {
    const failing = loadRunner(tinySpec(file(name)), {})
    await expect(failing).rejects.toMatchObject({ code: 'load_failed', message: expect.stringMatching(words) })
  })

  it('of a file that aborts the engine fails with its last words, and the next load works', async () => {
    const failing = loadRunner(tinySpec(file('aborts.gguf')), {})
    await expect(failing).rejects.toMatchObject({
      code: 'load_failed',
      details: { signal: 'SIGABRT', lastLines: expect.stringContaining('GGML_ASSERT') },
    })
    const runner = await loadRunner(tinySpec(file('good.gguf')), {})
    await runner.close()
  })

  it('that is called off leaves no process', async () => {
    const controller = new AbortController()
    const loading = loadRunner(tinySpec(file('good.gguf')), { signal: controller.signal })
    controller.abort()
    await expect(loading).rejects.toMatchObject({ code: 'cancelled' })
    await expect(loadRunner(tinySpec(file('good.gguf')), { signal: controller.signal })).rejects.toMatchObject({ code: 'cancelled' })
  })
})

describe('a death', () => {
  let runner: Runner
  beforeAll(async () => {
    runner = await loadRunner(tinySpec(file('good.gguf')), {})
  })
  afterAll(() => runner.close())

  it('of one runner does not touch another', async () => {
    const other = await loadRunner(tinySpec(file('good.gguf')), {})
    process.kill(other.facts.processId, 'SIGKILL')
    expect(await other.exited).toMatchObject({ signal: 'SIGKILL' })
    expect((await collect(runner.complete(greedyRequest({ maxTokens: 3 })))).end.evalTokens).toBeLessThanOrEqual(3)
  })

  it('that is asked for while a larger context is made waits for no end of that', async () => {
    let closing: Promise<void> | undefined
    const mayGrow = () => {
      // The process hears both words, one after the other.
      queueMicrotask(() => {
        closing = runner.close()
      })
      return true
    }
    const runner = await loadRunner(realSpec({ contextTokens: 4096 }), { mayGrow })
    const prompt = Array.from({ length: 4200 }, (_, index) => 1000 + (index % 100))
    const reply = collect(runner.complete(greedyRequest({ prompt, contextLimitTokens: 8192 })))
    await expect(reply).rejects.toMatchObject({ code: 'runner_crashed' })
    await closing
    const { code, signal } = await runner.exited
    expect(code === 0 || signal === 'SIGKILL').toBe(true)
    expect(isAlive(runner.facts.processId)).toBe(false)
  })

  it('of the server takes its runner along, in the middle of a reply', async () => {
    const server = startServer(file('good.gguf'))
    const runnerId = await readNumber(server)
    expect(isAlive(runnerId)).toBe(true)
    server.kill('SIGKILL')
    await untilGone(runnerId)
  })
})

/** A program that loads a runner, prints its process id, and then lets it write without end. */
function startServer(model: string): ChildProcess {
  const program = fileURLToPath(new URL('./runner-server.ts', import.meta.url))
  return spawn(process.execPath, ['--import', 'tsx', program, model], { stdio: ['ignore', 'pipe', 'inherit'] })
}

async function readNumber(server: ChildProcess): Promise<number> {
  if (!server.stdout) throw new Error('the server has no output')
  const [line] = (await once(server.stdout.setEncoding('utf8'), 'data')) as [string]
  return Number(line)
}
