// What a model has read is not read again: after more talks than slots, after an unload, after a restart of the server. A saved state never
// changes an answer: damaged files, files cut by a kill and states that a sliding window has cut short are as if they were not there.

import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { findGemma, GEMMA_SHA256 } from '../support/gemma.ts'
import { HARDLY_LEADS, leadOf } from '../support/greedy.ts'
import { createFromFile, createSmol, post } from '../support/models.ts'
import { startServer, type TestServer } from '../support/server.ts'

interface Reply {
  response: string
  prompt_eval_count: number
  prompt_eval_cached_count?: number
  logprobs: { token: string; top_logprobs: { logprob: number }[] }[]
}

const LIMIT_MS = 240_000
const TOKENS = 24

/** About 16 tokens a line, which its continuation repeats. */
const talk = (who: string, lines = 60) =>
  Array.from({ length: lines }, (_, index) => `The ${who} with the number ${index + 1000} jumps over the fence.\n`).join('')
const [SHEEP, GOAT, WOLF] = [talk('sheep'), talk('goat'), talk('wolf')] as const

const gemma = await findGemma()
if ('missing' in gemma)
  console.warn(`tests/real/prefix-cache.test.ts leaves Gemma 3 270M out, since it cannot be fetched: ${gemma.missing}`)

let server: TestServer | undefined
afterEach(async () => {
  await server?.stop()
  server?.clean()
  server = undefined
})

async function start(env: Record<string, string> = {}): Promise<TestServer> {
  server = await startServer({ env: { OLLAMA_NUM_PARALLEL: '2', ...env } })
  await createSmol(server.url)
  return server
}

async function restart(old: TestServer, env: Record<string, string> = {}): Promise<TestServer> {
  server = await startServer({ env: { OLLAMA_NUM_PARALLEL: '2', ...env }, home: old.home })
  return server
}

function generate({ url }: TestServer, prompt: string, fields: Record<string, unknown> = {}): Promise<Reply> {
  const options = { temperature: 0, repeat_penalty: 1, num_predict: TOKENS }
  return post<Reply>(`${url}/api/generate`, {
    model: 'smol',
    prompt,
    raw: true,
    stream: false,
    logprobs: true,
    top_logprobs: 2,
    options,
    ...fields,
  })
}

const unload = ({ url }: TestServer, model = 'smol') => post(`${url}/api/generate`, { model, keep_alive: 0 })
const statesFolder = ({ home }: TestServer) => path.join(home, '.llamero', 'cache', 'prefix')

function files(of: TestServer): { file: string; name: string; sizeBytes: number }[] {
  const root = statesFolder(of)
  const folders = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return folders.flatMap(({ name: folder }) =>
    readdirSync(path.join(root, folder)).map((name) => {
      const file = path.join(root, folder, name)
      return { file, name, sizeBytes: statSync(file, { throwIfNoEntry: false })?.size ?? 0 }
    }),
  )
}

/** An unload is answered before the runner has saved its slots and ended. */
async function untilWritten(of: TestServer, count: number): Promise<void> {
  const isDone = () => {
    const names = files(of).map(({ name }) => name)
    return names.length === count && names.every((name) => name.endsWith('.state'))
  }
  while (!isDone()) await new Promise((resolve) => setTimeout(resolve, 20))
}

/** The same up to a token that hardly leads. */
function expectSame(reply: Reply, first: Reply): void {
  expect(reply.prompt_eval_count).toBe(first.prompt_eval_count)
  const parting = first.logprobs.findIndex(({ token }, index) => token !== reply.logprobs[index]?.token)
  if (parting < 0) expect(reply.response).toBe(first.response)
  else expect(leadOf(first.logprobs[parting]?.top_logprobs)).toBeLessThan(HARDLY_LEADS)
}

/** All but its last token came from a saved state. */
function expectRestored(reply: Reply, first: Reply): void {
  expect(reply.prompt_eval_cached_count).toBe(first.prompt_eval_count - 1)
  expectSame(reply, first)
}

/** No saved state is taken for it, and a new one is saved. */
async function expectReadAgain(server: TestServer, prompt: string, first: Reply): Promise<void> {
  const again = await generate(server, prompt)
  expect(again.prompt_eval_cached_count ?? 0).toBe(0)
  expectSame(again, first)
  await unload(server)
  expectRestored(await generate(server, prompt), first)
}

describe('a prompt that was read before', () => {
  it(
    'is known after more talks than slots, after an unload and after a restart',
    async () => {
      let current = await start()
      const first = await generate(current, SHEEP)
      expect(first.prompt_eval_cached_count ?? 0).toBe(0)
      for (const other of [GOAT, WOLF]) await generate(current, other)
      expectRestored(await generate(current, SHEEP), first)

      await unload(current)
      expectRestored(await generate(current, SHEEP), first)

      await current.stop()
      current = await restart(current)
      expectRestored(await generate(current, SHEEP), first)
      const more = await generate(current, `${GOAT}And then`)
      expect(more.prompt_eval_cached_count).toBeGreaterThan(900)
    },
    LIMIT_MS,
  )

  it(
    'is known for the part that another prompt shares with it',
    async () => {
      const current = await start()
      await generate(current, `${SHEEP}Question: who jumps?\nAnswer:`)
      await unload(current)
      const question = `${SHEEP}Question: what is the last number?\nAnswer:`
      const restored = await generate(current, question)
      expect(restored.prompt_eval_cached_count).toBeGreaterThan(900)
      await current.stop()
      expectSame(restored, await generate(await restart(current, { LLAMERO_PREFIX_CACHE: 'off' }), question))
    },
    LIMIT_MS,
  )

  it(
    'is read again when its file is damaged, which is then replaced',
    async () => {
      const current = await start()
      const first = await generate(current, SHEEP)
      await unload(current)
      await untilWritten(current, 1)
      const [saved] = files(current)
      const bytes = readFileSync(saved?.file ?? '')
      bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1)
      writeFileSync(saved?.file ?? '', bytes)
      await expectReadAgain(current, SHEEP, first)
    },
    LIMIT_MS,
  )

  it(
    'is read again when the server was killed while it wrote, and nothing half is taken for whole',
    async () => {
      const single = { OLLAMA_NUM_PARALLEL: '1' }
      const old = await start(single)
      const first = await generate(old, SHEEP)
      // The second talk takes the only slot, and the state of the first is written.
      const second = generate(old, GOAT).catch((error: unknown) => error)
      while (!files(old).some(({ name }) => name.startsWith('tmp-'))) await new Promise(setImmediate)
      await old.kill()
      await second
      const [half] = files(old)
      expect(files(old)).toHaveLength(1)
      expect(half?.name).toMatch(/^tmp-/)

      const current = await restart(old, single)
      await expectReadAgain(current, SHEEP, first)
    },
    LIMIT_MS,
  )
})

describe('the files', () => {
  it(
    'stay within the limit, the latest of them',
    async () => {
      const limitBytes = 50_000_000
      const current = await start({ LLAMERO_PREFIX_CACHE: '50MB', OLLAMA_NUM_PARALLEL: '1' })
      const replies: Reply[] = []
      for (const [index, prompt] of [SHEEP, GOAT, WOLF].entries()) {
        replies.push(await generate(current, prompt))
        if (index > 0) await untilWritten(current, index)
      }
      await unload(current)
      expectRestored(await generate(current, WOLF), replies[2] as Reply)
      const saved = files(current)
      expect(saved.length).toBe(2)
      expect(saved.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)).toBeLessThanOrEqual(limitBytes)
    },
    LIMIT_MS,
  )

  it(
    'are for their owner only, and none where that is wished',
    async () => {
      const current = await start()
      await generate(current, SHEEP)
      await unload(current)
      await untilWritten(current, 1)
      const [saved] = files(current)
      const modeOf = (file: string) => statSync(file).mode & 0o777
      expect([statesFolder(current), path.dirname(saved?.file ?? '')].map(modeOf)).toEqual([0o700, 0o700])
      expect(modeOf(saved?.file ?? '')).toBe(0o600)

      const prune = () => post<{ removed: { kind: string }[] }>(`${current.url}/api/llamero/prune`, {})
      expect((await prune()).removed).toEqual([])
      await fetch(`${current.url}/api/delete`, { method: 'DELETE', body: JSON.stringify({ model: 'smol' }) })
      expect((await prune()).removed.map(({ kind }) => kind)).toEqual(['prefix'])
      expect(files(current)).toEqual([])
      await current.stop()

      const without = await restart(current, { LLAMERO_PREFIX_CACHE: 'off' })
      await createSmol(without.url)
      await generate(without, SHEEP)
      await unload(without)
      expect((await generate(without, SHEEP)).prompt_eval_cached_count ?? 0).toBe(0)
      expect(files(without)).toEqual([])
    },
    LIMIT_MS,
  )
})

describe.skipIf('missing' in gemma)('a model with a sliding window', () => {
  it(
    'goes on with a talk after an unload, and reads a prompt again that its state goes beyond',
    async () => {
      if ('missing' in gemma) return
      const current = await start()
      await createFromFile(current.url, { name: 'gemma', file: gemma.file, sha256: GEMMA_SHA256 })
      const say = (prompt: string) => generate(current, prompt, { model: 'gemma' })
      const first = await say(SHEEP)
      await unload(current, 'gemma')
      const next = `${SHEEP}${first.response}And then`
      const restored = await say(next)
      expect(restored.prompt_eval_cached_count).toBeGreaterThanOrEqual(first.prompt_eval_count)
      await unload(current, 'gemma')
      expectSame(await say(SHEEP), first)

      await current.stop()
      const without = await restart(current, { LLAMERO_PREFIX_CACHE: 'off' })
      expectSame(restored, await generate(without, next, { model: 'gemma' }))
    },
    LIMIT_MS,
  )
})
