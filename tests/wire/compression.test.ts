import zlib from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { eventsOf, finish } from '../../src/http/testing/fake-service.ts'
import { send, startWire } from './harness.ts'

const body = JSON.stringify({ model: 'M', stream: false, max_tokens: 3, messages: [{ role: 'user', content: 'x' }] })
const PATHS = ['/api/chat', '/v1/chat/completions', '/v1/messages']

async function ask(path: string, bytes: Uint8Array, coding: string) {
  const chat = () => eventsOf(finish)
  await using server = await startWire({ chat, startChat: async () => ({ promptTokens: 1, events: chat() }) })
  return await send(server, { path, body: bytes, headers: { 'Content-Encoding': coding } })
}

describe.each(PATHS)('a compressed request to %s', (path) => {
  it('is read', async () => {
    expect((await ask(path, zlib.gzipSync(body), 'gzip')).status).toBe(200)
    expect((await ask(path, zlib.brotliCompressSync(body), 'br')).status).toBe(200)
  })

  it('is refused in the words of its dialect where it is damaged or unknown', async () => {
    for (const [bytes, coding] of [
      [Buffer.from(body), 'gzip'],
      [Buffer.from(body), 'lzma'],
    ] as const) {
      const { status, text } = await ask(path, bytes, coding)
      expect(status).toBe(400)
      expect(JSON.stringify(JSON.parse(text).error)).toContain(coding)
    }
  })
})
