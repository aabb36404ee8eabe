import net from 'node:net'
import { describe, expect, it } from 'vitest'
import { createManualClock } from '../base/testing/manual-clock.ts'
import { createDial, proxyAuthorization } from './dial.ts'

const TARGET = { host: 'r.example', port: 443, secure: true, publicOnly: false }

describe('a connection', () => {
  it('that nobody answers is given up after its time, and let go', async () => {
    const clock = createManualClock()
    let released = false
    const blackHole = (_: unknown, signal: AbortSignal) => {
      signal.addEventListener('abort', () => {
        released = true
      })
      return new Promise<net.Socket>(() => {})
    }
    const dial = createDial({ clock, chooseProxy: () => undefined, connect: blackHole })
    let failure: unknown
    const done = dial(TARGET, 2500).catch((error: unknown) => {
      failure = error
    })
    clock.advance(2499)
    await Promise.resolve()
    expect(released).toBe(false)
    clock.advance(1)
    await done
    expect(released).toBe(true)
    expect(failure).toMatchObject({ code: 'registry_unreachable', message: 'dial tcp r.example:443: i/o timeout' })
  })

  it('that stands leaves no timer behind', async () => {
    const clock = createManualClock()
    const socket = new net.Socket()
    const dial = createDial({ clock, chooseProxy: () => undefined, connect: async () => socket })
    expect(await dial(TARGET, 2500)).toBe(socket)
    expect(clock.timerCount).toBe(0)
  })

  it('knows the proxy of a URL by host, port and scheme', () => {
    const proxy = new URL('http://p:1')
    const dial = createDial({
      clock: createManualClock(),
      chooseProxy: ({ host, port, secure }) => (host === '::1' && port === 443 && secure ? proxy : undefined),
      connect: () => Promise.reject(new Error('unused')),
    })
    expect(dial.proxyFor(new URL('https://[::1]/x'))).toBe(proxy)
    expect(dial.proxyFor(new URL('http://[::1]/x'))).toBeUndefined()
  })

  it('names its user to a proxy that has one in its URL', () => {
    expect(proxyAuthorization(new URL('http://p:1'))).toEqual({})
    expect(proxyAuthorization(new URL('http://a%40b:c@p:1'))).toEqual({
      'proxy-authorization': `Basic ${Buffer.from('a@b:c').toString('base64')}`,
    })
    expect(proxyAuthorization(new URL('http://a:50%off@p:1'))).toEqual({
      'proxy-authorization': `Basic ${Buffer.from('a:50%off').toString('base64')}`,
    })
  })
})
