import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { toGoJson } from '../../base/go-json.ts'
import type { Log } from '../../base/log.ts'
import { JSON_UTF8, type WholeReply } from './reply.ts'

export interface WriteContext {
  log: Log
  signal: AbortSignal
  isHead: boolean
  /** What every reply to this request carries: CORS, and `Connection: close` once the server is closing. */
  headers(): OutgoingHttpHeaders
}

/** Resolves when the reply has left or the client has gone. Never rejects. */
export async function writeWhole(response: ServerResponse, reply: WholeReply, { headers, isHead }: WriteContext): Promise<void> {
  if (response.destroyed) return
  const body = toBody(reply)
  response.writeHead(reply.status, {
    ...headers(),
    ...(body.contentType === undefined ? {} : { 'Content-Type': body.contentType }),
    // A 304 would tell the length of what is not sent.
    ...(reply.status === 204 || reply.status === 304 ? {} : { 'Content-Length': body.bytes.length }),
    ...reply.headers,
  })
  await new Promise<void>((resolve) => {
    response.once('close', resolve)
    response.once('finish', resolve)
    if (isHead) response.end()
    else response.end(body.bytes)
  })
}

function toBody(reply: WholeReply): { bytes: Uint8Array; contentType?: string } {
  switch (reply.kind) {
    case 'empty':
      return { bytes: Buffer.alloc(0) }
    case 'json':
      return { bytes: Buffer.from(toGoJson(reply.body)), contentType: reply.contentType ?? JSON_UTF8 }
    case 'text':
      return { bytes: Buffer.from(reply.text), contentType: reply.contentType }
    case 'bytes':
      return { bytes: reply.bytes, contentType: reply.contentType }
  }
}
