// A LoRA adapter from the first upload to the reply: checked against its base, kept in the model, applied when it is loaded.

import { rmSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeTinyAdapter } from '../../src/gguf/testing/tiny-adapter.ts'
import { writeTinyModel } from '../../src/gguf/testing/tiny-model.ts'
import { createFromFile, post, uploadFile } from '../support/models.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { makeFolder } from './runner-support.ts'

const folder = makeFolder()
const file = (name: string) => path.join(folder, name)
let server: TestServer
beforeAll(async () => {
  server = await startServer()
  await writeTinyModel(file('base.gguf'))
  await createFromFile(server.url, { name: 'base', file: file('base.gguf') })
})
afterAll(async () => {
  await server.stop()
  server.clean()
  rmSync(folder, { recursive: true })
})

const say = async (model: string) =>
  (
    await post<{ response: string }>(`${server.url}/api/generate`, {
      model,
      prompt: 'Hello',
      stream: false,
      raw: true,
      options: { temperature: 0, num_predict: 12 },
    })
  ).response

describe('an adapter', () => {
  it('changes what its base says, and stays in models made from that', async () => {
    await writeTinyAdapter(file('adapter.gguf'))
    const adapters = { 'adapter.gguf': await uploadFile(server.url, file('adapter.gguf')) }
    await post(`${server.url}/api/create`, { model: 'adapted', from: 'base', adapters, stream: false })
    await post(`${server.url}/api/create`, { model: 'again', from: 'adapted', system: 'Hi', stream: false })
    const plain = await say('base')
    expect(await say('adapted')).not.toBe(plain)
    expect(await say('again')).toBe(await say('adapted'))
    expect(await say('base')).toBe(plain)
    const { modelfile } = await post<{ modelfile: string }>(`${server.url}/api/show`, { model: 'adapted' })
    expect(modelfile).toMatch(/^ADAPTER .*sha256-[0-9a-f]{64}$/m)
  })

  it.each([
    ['another architecture', { architecture: 'gemma3' }, 'made for the architecture'],
    ['another size', { inputs: 128 }, 'made for another model'],
  ])('of %s is refused while the model is created', async (_, options, message) => {
    await writeTinyAdapter(file('other.gguf'), options)
    const adapters = { 'other.gguf': await uploadFile(server.url, file('other.gguf')) }
    await expect(post(`${server.url}/api/create`, { model: 'wrong', from: 'base', adapters, stream: false })).rejects.toThrow(message)
    await expect(post(`${server.url}/api/show`, { model: 'wrong' })).rejects.toThrow('not found')
  })
})

it('what a model can do is the same in the list and on its own', async () => {
  const { models } = (await (await fetch(`${server.url}/api/tags`)).json()) as { models: { name: string; capabilities: string[] }[] }
  expect(models.length).toBeGreaterThan(1)
  for (const { name, capabilities } of models) {
    expect((await post<{ capabilities: string[] }>(`${server.url}/api/show`, { model: name })).capabilities).toEqual(capabilities)
  }
})
