import { once } from 'node:events'
import net from 'node:net'
import { describe, expect, it } from 'vitest'
import { onAbort } from '../../src/base/abort.ts'
import type { ChatEvent } from '../../src/chat/event.ts'
import { eventsThenWait, finish } from '../../src/http/testing/fake-service.ts'
import { open, sendJson, startWire } from './harness.ts'

const text = (value: string): ChatEvent => ({ type: 'text-delta', text: value })
const aborted = (signal: AbortSignal | undefined) => new Promise<void>((resolve) => onAbort(signal, resolve))
const request = JSON.stringify({ model: 'm', prompt: 'x' })

describe('a client that leaves', () => {
  it('aborts the signal when it drops the connection in the middle of a stream', async () => {
    await using server = await startWire({ generate: (_, signal) => eventsThenWait(signal, text('a')) })
    const response = await open(server.port, { path: '/api/generate', body: request })
    await once(response, 'data')
    response.destroy()
    await aborted(server.service.signals[0])
  })

  it('aborts the signal when it only closes its own side, while the model still thinks', async () => {
    await using server = await startWire({ generate: (_, signal) => eventsThenWait(signal) })
    const socket = net.connect(server.port, '127.0.0.1')
    socket.end(`POST /api/generate HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${request.length}\r\n\r\n${request}`)
    await untilCalled(server.service.signals)
    await aborted(server.service.signals[0])
    socket.destroy()
  })

  it('aborts the signal before the first record too', async () => {
    await using server = await startWire({ chat: (_, signal) => eventsThenWait(signal) })
    const socket = net.connect(server.port, '127.0.0.1')
    const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'x' }] })
    socket.write(`POST /api/chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
    await untilCalled(server.service.signals)
    socket.resetAndDestroy()
    await aborted(server.service.signals[0])
  })

  it('closes the source of the events, even one that listens to no signal', async () => {
    let closed: () => void = () => {}
    const isClosed = new Promise<void>((resolve) => (closed = resolve))
    async function* endless(): AsyncGenerator<ChatEvent> {
      try {
        while (true) {
          await new Promise<void>((resolve) => setImmediate(resolve))
          yield text('word ')
        }
      } finally {
        closed()
      }
    }
    await using server = await startWire({ generate: endless })
    const response = await open(server.port, { path: '/api/generate', body: request })
    await once(response, 'data')
    response.destroy()
    await isClosed
  })

  it('aborts the wait for an answer that is no stream', async () => {
    await using server = await startWire({ generate: (_, signal) => eventsThenWait(signal, text('a')) })
    const socket = net.connect(server.port, '127.0.0.1')
    const body = JSON.stringify({ model: 'm', prompt: 'x', stream: false })
    socket.write(`POST /api/generate HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
    await untilCalled(server.service.signals)
    socket.destroy()
    await aborted(server.service.signals[0])
  })

  it('does not abort what has come to its end', async () => {
    await using server = await startWire({
      async *generate() {
        yield text('a')
        yield finish
      },
    })
    await sendJson(server, '/api/generate', { model: 'm', prompt: 'x' })
    expect(server.service.signals[0]?.aborted).toBe(false)
  })
})

describe('a client that reads slowly', () => {
  it('stops the source instead of filling the memory', async () => {
    const recordBytes = 64 * 1024
    const recordCount = 2000
    let produced = 0
    async function* endless(): AsyncGenerator<ChatEvent> {
      while (produced < recordCount) {
        produced++
        yield text('x'.repeat(recordBytes))
      }
      yield finish
    }
    await using server = await startWire({ generate: endless })
    const response = await open(server.port, { path: '/api/generate', body: request })
    response.pause()
    const stalled = await untilStandsStill(() => produced)
    // Kernel buffers of both ends hold some megabytes; the whole would be 128 MB.
    expect(stalled).toBeLessThan(recordCount / 4)
    let received = 0
    for await (const part of response) received += part.length
    expect(produced).toBe(recordCount)
    expect(received).toBeGreaterThan(recordCount * recordBytes)
  })
})

async function untilCalled(signals: readonly AbortSignal[]): Promise<void> {
  while (signals.length === 0) await new Promise<void>((resolve) => setImmediate(resolve))
}

/** The value once it has not changed over many turns of the event loop. */
async function untilStandsStill(read: () => number): Promise<number> {
  let last = -1
  for (let same = 0; same < 2000; ) {
    await new Promise<void>((resolve) => setImmediate(resolve))
    const now = read()
    same = now === last && now > 0 ? same + 1 : 0
    last = now
  }
  return last
}
