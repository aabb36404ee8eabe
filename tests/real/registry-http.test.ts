// The registry side's own HTTP over real sockets: timeouts, proxies, certificates, and addresses that it must not speak to.

import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { silentLog } from '../../src/base/log.ts'
import { isPrivateAddress } from '../../src/registry/address.ts'
import { createConnect, createDial } from '../../src/registry/dial.ts'
import { createHttpClient, type HttpClient } from '../../src/registry/http-client.ts'
import { type Environment, readProxies } from '../../src/registry/proxy.ts'
import { readTrust } from '../../src/registry/trust.ts'
import { createCertificate } from '../support/certificate.ts'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

function openClient(environment: Environment = {}): HttpClient {
  const chooseProxy = readProxies(environment)
  const connect = createConnect(chooseProxy, readTrust(environment, silentLog))
  return createHttpClient({ dial: createDial({ clock: systemClock, chooseProxy, connect }), userAgent: 'test/1' })
}

async function listen(server: net.Server, address = '127.0.0.1'): Promise<number> {
  const sockets = new Set<net.Socket>()
  server.on('connection', (socket: net.Socket) => void sockets.add(socket))
  closing.push(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  await new Promise<void>((resolve) => server.listen(0, address, resolve))
  return (server.address() as net.AddressInfo).port
}

async function text(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const bytes of body) chunks.push(bytes)
  return Buffer.concat(chunks).toString()
}

const get = (client: HttpClient, url: string, options = {}) => client({ method: 'GET', url: new URL(url), ...options })

describe('requests', () => {
  it('name the client, want no compression, and reuse their connection', async () => {
    const ports = new Set<number | undefined>()
    const server = http.createServer((request, reply) => {
      ports.add(request.socket.remotePort)
      reply.end(JSON.stringify(request.headers))
    })
    const port = await listen(server)
    const client = openClient()
    for (let count = 0; count < 3; count++) {
      const reply = await get(client, `http://127.0.0.1:${port}/x`)
      expect(reply.fromPrivateAddress).toBe(true)
      expect(JSON.parse(await text(reply.body))).toMatchObject({
        'user-agent': 'test/1',
        'accept-encoding': 'identity',
        host: `127.0.0.1:${port}`,
      })
    }
    expect(ports.size).toBe(1)
  })

  it('are sent again where the server had closed an idle connection', async () => {
    const server = http.createServer((_, reply) => reply.end('ok'))
    const port = await listen(server)
    const client = openClient()
    await text((await get(client, `http://127.0.0.1:${port}/`)).body)
    // The next bytes on the kept connection meet a socket that is gone.
    server.removeAllListeners('request')
    let first = true
    server.on('request', (request: http.IncomingMessage, reply: http.ServerResponse) => {
      if (first) request.socket.destroy()
      else reply.end('again')
      first = false
    })
    expect(await text((await get(client, `http://127.0.0.1:${port}/`)).body)).toBe('again')
  })

  it('carry a stream and stop it when the server answers early', async () => {
    const server = http.createServer((request, reply) => {
      if (request.url === '/refuse') return void reply.writeHead(413, { connection: 'close' }).end('too large')
      let size = 0
      request.on('data', (bytes: Buffer) => {
        size += bytes.length
      })
      request.on('end', () => reply.end(String(size)))
    })
    const base = `http://127.0.0.1:${await listen(server)}`
    const body = async function* () {
      for (let count = 0; count < 64; count++) yield Buffer.alloc(64 * 1024)
    }
    const headers = { 'content-length': String(64 * 64 * 1024) }
    const client = openClient()
    const taken = await client({ method: 'PUT', url: new URL(`${base}/take`), headers, body: body() })
    expect(await text(taken.body)).toBe(String(64 * 64 * 1024))
    const refused = await client({ method: 'PUT', url: new URL(`${base}/refuse`), headers, body: body() })
    expect(refused.status).toBe(413)
  })

  it('leave no half request behind when their body fails', async () => {
    const server = http.createServer()
    const arrived = once(server, 'request') as Promise<[http.IncomingMessage]>
    const url = new URL(`http://127.0.0.1:${await listen(server)}`)
    const body = async function* () {
      yield Buffer.alloc(1024)
      await arrived
      throw new Error('the file is gone')
    }
    const sending = openClient()({ method: 'PUT', url, headers: { 'content-length': '4096' }, body: body() })
    await expect(sending).rejects.toMatchObject({ code: 'registry_unreachable' })
    const [request] = await arrived
    await expect(text(request)).rejects.toThrow('aborted')
  })

  it('fail as cancelled when the caller leaves, and as a reset when the server breaks off', async () => {
    const server = http.createServer((request, reply) => {
      reply.writeHead(200, { 'content-length': '100' })
      reply.write('half')
      if (request.url === '/break') setImmediate(() => request.socket.destroy())
    })
    const base = `http://127.0.0.1:${await listen(server)}`
    const broken = await get(openClient(), `${base}/break`)
    await expect(text(broken.body)).rejects.toMatchObject({ code: 'registry_unreachable' })
    const stop = new AbortController()
    const left = await get(openClient(), `${base}/hang`, { signal: stop.signal })
    const reading = text(left.body)
    stop.abort()
    await expect(reading).rejects.toMatchObject({ code: 'cancelled' })
  })
})

describe('a server that cannot be reached', () => {
  it('is reported in the words of the system', async () => {
    await expect(get(openClient(), 'http://127.0.0.1:1/')).rejects.toMatchObject({
      code: 'registry_unreachable',
      message: 'dial tcp 127.0.0.1:1: connect: connection refused',
    })
    await expect(get(openClient(), 'http://does-not-exist.invalid/')).rejects.toMatchObject({ code: 'registry_unreachable' })
  })

  it('that takes connections and is silent in the TLS handshake is given up within its time', async () => {
    const port = await listen(net.createServer())
    const startedMs = performance.now()
    await expect(get(openClient(), `https://127.0.0.1:${port}/`, { connectTimeoutMs: 300 })).rejects.toMatchObject({
      code: 'registry_unreachable',
      message: `dial tcp 127.0.0.1:${port}: i/o timeout`,
    })
    expect(performance.now() - startedMs).toBeLessThan(3000)
  })
})

describe('private addresses', () => {
  it('are refused to who may speak to public ones only', async () => {
    let asked = 0
    const server = http.createServer((_, reply) => {
      asked++
      reply.end('secret')
    })
    const port = await listen(server)
    const client = openClient()
    for (const host of ['127.0.0.1', 'localhost', 'localhost.', '[::ffff:127.0.0.1]', '2130706433']) {
      await expect(get(client, `http://${host}:${port}/`, { publicOnly: true })).rejects.toMatchObject({ code: 'registry_error' })
    }
    expect(asked).toBe(0)
  })

  it('are refused behind a name too, also where a connection stands that was opened without the check', async ({ skip }) => {
    const name = os.hostname()
    const addresses = await lookup(name, { all: true }).catch(() => [])
    if (!addresses.some(({ address }) => isPrivateAddress(address))) return skip("this machine's name leads to no private address")
    const server = http.createServer((_, reply) => reply.end('secret'))
    const port = await listen(server, '0.0.0.0')
    const client = openClient()
    expect(await text((await get(client, `http://${name}:${port}/`)).body)).toBe('secret')
    await expect(get(client, `http://${name}:${port}/`, { publicOnly: true })).rejects.toMatchObject({
      code: 'registry_error',
      message: expect.stringContaining('an address of a private network'),
    })
  })
})

function makeCertificate(): { key: string; cert: string; file: string; folder: string } {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'certificate-'))
  closing.push(() => rmSync(folder, { recursive: true, force: true }))
  const file = path.join(folder, 'cert.pem')
  const { keyPem, certificatePem } = createCertificate('registry.test')
  writeFileSync(file, certificatePem)
  return { key: keyPem, cert: certificatePem, file, folder }
}

/** CONNECT to any name leads to `targetPort`; plain requests are answered with what was asked. */
async function startProxy(targetPort: number, seen: string[]): Promise<string> {
  const proxy = http.createServer((request, reply) => {
    seen.push(`${request.method} ${request.url} ${request.headers['proxy-authorization'] ?? ''}`)
    reply.end('through the proxy')
  })
  proxy.on('connect', (request, socket: net.Socket) => {
    seen.push(`CONNECT ${request.url} ${request.headers['proxy-authorization'] ?? ''}`)
    if (request.url?.startsWith('denied.test')) return void socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n')
    const target = net.connect(targetPort, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      target.pipe(socket).pipe(target)
    })
    for (const end of [target, socket]) end.on('error', () => socket.destroy())
  })
  return `u:p@127.0.0.1:${await listen(proxy)}`
}

describe('a proxy', () => {
  it('gets plain requests whole, with its own authorization', async () => {
    const seen: string[] = []
    const client = openClient({ HTTP_PROXY: `http://${await startProxy(1, seen)}` })
    const reply = await get(client, 'http://registry.test/v2/?a=1')
    expect(await text(reply.body)).toBe('through the proxy')
    expect(seen).toEqual(['GET http://registry.test/v2/?a=1 Basic dTpw'])
    expect(reply.fromPrivateAddress).toBe(false)
  })

  it('that refuses a connection is named as the reason', async () => {
    const client = openClient({ HTTPS_PROXY: `http://${await startProxy(1, [])}` })
    await expect(get(client, 'https://denied.test/')).rejects.toMatchObject({
      code: 'registry_unreachable',
      message: 'the proxy refuses a connection to denied.test:443 (status 403)',
    })
  })

  it('leads to https, where the certificate is checked against the files of the machine', async () => {
    const certificate = makeCertificate()
    const server = https.createServer({ key: certificate.key, cert: certificate.cert }, (_, reply) => reply.end('secure'))
    const seen: string[] = []
    const proxy = await startProxy(await listen(server), seen)
    const trusting = openClient({ HTTPS_PROXY: proxy, SSL_CERT_FILE: certificate.file })
    for (let count = 0; count < 2; count++) {
      expect(await text((await get(trusting, 'https://registry.test/')).body)).toBe('secure')
    }
    expect(seen).toEqual(['CONNECT registry.test:443 Basic dTpw'])
    await expect(get(openClient({ HTTPS_PROXY: proxy }), 'https://registry.test/')).rejects.toMatchObject({ code: 'registry_unreachable' })
    await expect(get(trusting, 'https://other.test/')).rejects.toThrow('other.test')
    for (const named of [{ SSL_CERT_DIR: `/nowhere:${certificate.folder}` }, { NODE_EXTRA_CA_CERTS: certificate.file }]) {
      expect(await text((await get(openClient({ HTTPS_PROXY: proxy, ...named }), 'https://registry.test/')).body)).toBe('secure')
    }
  })
})
