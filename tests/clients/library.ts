// A registry with one model in it, `library/tiny:latest`, over plain HTTP on a loopback port: enough to pull from, and it takes nothing.

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'
import { MEDIA_TYPES } from '../../src/model/media-type.ts'
import { tinyModel } from './scripted.ts'

export interface Library {
  /** What a client pulls: `127.0.0.1:port/library/tiny`. */
  model: string
  close(): Promise<void>
}

export async function startLibrary(): Promise<Library> {
  const blobs = new Map<string, Buffer>()
  const layer = (bytes: Buffer, mediaType: string) => {
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
    blobs.set(digest, bytes)
    return { mediaType, digest, size: bytes.length }
  }
  const { bytes } = await tinyModel({ reply: ['Hello', ' from afar.'] })
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.manifest,
    config: layer(Buffer.from('{"model_format":"gguf","model_family":"llama"}'), MEDIA_TYPES.config),
    layers: [layer(bytes, MEDIA_TYPES.model)],
  })
  const server = http.createServer((request, response) => answer(request, response, { manifest, blobs })).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port was given')
  return {
    model: `127.0.0.1:${address.port}/library/tiny`,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function answer(
  { url = '', method, headers }: http.IncomingMessage,
  response: http.ServerResponse,
  { manifest, blobs }: { manifest: string; blobs: ReadonlyMap<string, Buffer> },
): void {
  const body = url === '/v2/library/tiny/manifests/latest' ? Buffer.from(manifest) : blobs.get(url.replace('/v2/library/tiny/blobs/', ''))
  if (!body || (method !== 'GET' && method !== 'HEAD')) {
    response.writeHead(404, { 'content-type': 'application/json' }).end('{"errors":[{"code":"MANIFEST_UNKNOWN","message":"unknown"}]}')
    return
  }
  const range = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '')
  const start = Number(range?.[1] ?? 0)
  const end = range?.[2] ? Math.min(Number(range[2]), body.length - 1) : body.length - 1
  response.writeHead(range ? 206 : 200, {
    'content-length': end - start + 1,
    ...(range ? { 'content-range': `bytes ${start}-${end}/${body.length}` } : {}),
  })
  response.end(method === 'HEAD' ? undefined : body.subarray(start, end + 1))
}
