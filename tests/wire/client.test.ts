import { describe, expect, it } from 'vitest'
import { createClient } from '../../src/api/client.ts'
import { AppError } from '../../src/base/errors.ts'
import type { ChatEvent } from '../../src/chat/event.ts'
import { eventsOf, eventsThenWait, finish, listedModel, runningModel, shownModel } from '../../src/http/testing/fake-service.ts'
import { freePort } from '../support/server.ts'
import { startWire } from './harness.ts'

const text = (value: string): ChatEvent => ({ type: 'text-delta', text: value })

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of source) items.push(item)
  return items
}

describe('the client', () => {
  it('asks and understands', async () => {
    await using server = await startWire({
      list: async () => [listedModel],
      running: () => [runningModel],
      show: async () => structuredClone(shownModel),
      copy: async () => {},
      remove: async () => {},
      tokenize: async () => [1],
      detokenize: async () => 'x',
      embed: async () => ({ embeddings: [Float32Array.of(1)], totalNs: 1, loadNs: 1, promptTokens: 1 }),
      hasBlob: async (digest) => digest === 'sha256:here',
    })
    const client = createClient({ baseUrl: `${server.url}/` })
    await client.heartbeat()
    expect(await client.version()).toBe('0.33.0')
    expect((await client.tags()).models[0]?.name).toBe('small:latest')
    expect((await client.ps()).models[0]?.context_length).toBe(4096)
    expect((await client.show({ model: 'small' })).capabilities).toEqual(['completion', 'tools'])
    await client.copy({ source: 'a', destination: 'b' })
    await client.delete({ model: 'b' })
    expect((await client.embed({ model: 'm', input: 'x' })).embeddings).toEqual([[1]])
    expect((await client.tokenize({ model: 'm', text: 'x' })).tokens).toEqual([1])
    expect((await client.detokenize({ model: 'm', tokens: [1] })).text).toBe('x')
    expect([await client.headBlob('sha256:here'), await client.headBlob('sha256:gone')]).toEqual([true, false])
  })

  it('streams records, and takes an answer in one piece as one record', async () => {
    await using server = await startWire({
      chat: () => eventsOf(text('a'), finish),
      generate: () => eventsOf<ChatEvent>({ type: 'loaded' }),
      pull: () => eventsOf({ status: 'success' }),
    })
    const client = createClient({ baseUrl: server.url })
    const chatted = await collect(client.chat({ model: 'm', messages: [{ role: 'user', content: 'x' }] }))
    expect(chatted.map(({ message, done }) => [message.content, done])).toEqual([
      ['a', false],
      ['', true],
    ])
    expect(await collect(client.generate({ model: 'm' }))).toMatchObject([{ done_reason: 'load' }])
    expect(await collect(client.pull({ model: 'm', stream: false }))).toEqual([{ status: 'success' }])
  })

  it('sends a blob as it comes', async () => {
    let received = ''
    await using server = await startWire({
      async putBlob(_, body) {
        for await (const part of body) received += Buffer.from(part).toString()
        return { created: true }
      },
    })
    const parts = eventsOf<Uint8Array>(Buffer.from('one '), Buffer.from('two'))
    await createClient({ baseUrl: server.url }).postBlob('sha256:x', parts)
    expect(received).toBe('one two')
  })

  it('stops sending a blob that the server does not want', async () => {
    const refusal = new AppError('invalid_digest', 'invalid digest format')
    await using server = await startWire({ putBlob: async () => Promise.reject(refusal) })
    async function* endless(): AsyncGenerator<Uint8Array> {
      while (true) yield Buffer.alloc(1000)
    }
    await expect(createClient({ baseUrl: server.url }).postBlob('sha256:x', endless())).rejects.toMatchObject({
      message: 'invalid digest format',
      details: { status: 400 },
    })
  })

  it('fails as the source of a blob fails', async () => {
    await using server = await startWire({
      async putBlob(_, body) {
        for await (const part of body) expect(part.length).toBeGreaterThan(0)
        return { created: true }
      },
    })
    const source = eventsOf<Uint8Array>(Buffer.from('x'), new AppError('disk_full', 'the file is gone'))
    await expect(createClient({ baseUrl: server.url }).postBlob('sha256:x', source)).rejects.toMatchObject({ code: 'disk_full' })
  })

  it('throws what the server answered, with its status', async () => {
    await using server = await startWire({ chat: () => eventsOf(text('a'), new AppError('runner_crashed', 'it died')) })
    const client = createClient({ baseUrl: server.url })
    await expect(client.show({ model: 'm' })).rejects.toMatchObject({ code: 'not_supported', details: { status: 501 } })
    const chatted = collect(client.chat({ model: 'm', messages: [{ role: 'user', content: 'x' }] }))
    await expect(chatted).rejects.toMatchObject({ message: 'it died', details: { status: 200 } })
  })

  it('says when nobody listens', async () => {
    const client = createClient({ baseUrl: `http://127.0.0.1:${await freePort()}` })
    await expect(client.heartbeat()).rejects.toMatchObject({ details: { unreachable: true } })
    await expect(collect(client.generate({ model: 'm' }))).rejects.toMatchObject({ details: { unreachable: true } })
  })

  it('says when the server goes away in the middle', async () => {
    const server = await startWire({ generate: (_, signal) => eventsThenWait(signal, text('a')) })
    const records = createClient({ baseUrl: server.url }).generate({ model: 'm', prompt: 'x' })[Symbol.asyncIterator]()
    await records.next()
    await server.kernel.close({ drainMs: 0 })
    await expect(records.next()).rejects.toMatchObject({ message: 'the server is shutting down' })
  })

  it('leaves when it is told to', async () => {
    await using server = await startWire({ generate: (_, signal) => eventsThenWait(signal, text('a')) })
    const controller = new AbortController()
    const records = createClient({ baseUrl: server.url }).generate({ model: 'm', prompt: 'x' }, controller.signal)[Symbol.asyncIterator]()
    await records.next()
    controller.abort()
    await expect(records.next()).rejects.toMatchObject({ code: 'cancelled' })
  })

  it('closes the connection when its reader stops early', async () => {
    await using server = await startWire({ generate: (_, signal) => eventsThenWait(signal, text('a')) })
    for await (const record of createClient({ baseUrl: server.url }).generate({ model: 'm', prompt: 'x' })) {
      expect(record.response).toBe('a')
      break
    }
    const signal = server.service.signals[0]
    if (!signal?.aborted) await new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve()))
  })
})
