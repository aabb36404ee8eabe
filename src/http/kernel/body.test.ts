import { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { BODY_SILENCE_MS, readWholeBody, streamBody } from './body.ts'

interface FakeMessage {
  message: IncomingMessage
  timeouts: number[]
  /** The line has been silent for too long. */
  fallSilent(): void
}

function fake(parts: Uint8Array[] | Readable, headers: Record<string, string> = {}): FakeMessage {
  const timeouts: number[] = []
  const silence = new EventEmitter()
  const message = Object.assign(Array.isArray(parts) ? Readable.from(parts, { objectMode: false }) : parts, {
    headers,
    setTimeout(ms: number, listener?: () => void) {
      timeouts.push(ms)
      if (listener) silence.on('silence', listener)
    },
  }) as unknown as IncomingMessage
  return { message, timeouts, fallSilent: () => void silence.emit('silence') }
}

describe('a whole body', () => {
  it('may be as large as the limit, and no larger', async () => {
    const parts = () => [Buffer.alloc(6), Buffer.alloc(4)]
    expect((await readWholeBody(fake(parts()).message, 10)).length).toBe(10)
    await expect(readWholeBody(fake(parts()).message, 9)).rejects.toMatchObject({ code: 'payload_too_large', details: { limitBytes: 9 } })
  })

  it('is refused for its announced length before a byte is read', async () => {
    const { message, timeouts } = fake([Buffer.alloc(1)], { 'content-length': '11' })
    await expect(readWholeBody(message, 10)).rejects.toMatchObject({ code: 'payload_too_large' })
    expect(timeouts).toEqual([])
  })

  it('may be empty', async () => {
    expect((await readWholeBody(fake([]).message)).length).toBe(0)
  })
})

describe('a streamed body', () => {
  it('is given up when the client falls silent', async () => {
    const unfinished = new Readable({ read() {} })
    unfinished.push('a')
    const { message, timeouts, fallSilent } = fake(unfinished)
    const body = streamBody(message)
    await body.next()
    fallSilent()
    await expect(body.next()).rejects.toMatchObject({ code: 'cancelled' })
    expect(timeouts).toEqual([BODY_SILENCE_MS, 0])
  })

  it('leaves its connection usable when the reader stops early', async () => {
    const { message, timeouts } = fake([Buffer.from('a'), Buffer.from('b')])
    for await (const part of streamBody(message)) {
      expect(part.length).toBeGreaterThan(0)
      break
    }
    expect(message.destroyed).toBe(false)
    expect(timeouts.at(-1)).toBe(0)
  })
})
