import type { IncomingHttpHeaders } from 'node:http'

/** A request as handlers see it: no socket, and a body that is read when the handler asks for it. */
export interface HttpRequest {
  readonly method: string
  /** Decoded, without the query. */
  readonly path: string
  /** Named parts of the route's path. */
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  /** Aborts when the client has gone, and when the server must end. */
  readonly signal: AbortSignal
  /** The whole body, whatever its Content-Type. Throws `payload_too_large`. */
  readBody(limitBytes?: number): Promise<Uint8Array>
  /** The body as it comes, without a limit. */
  readonly bodyStream: AsyncIterable<Uint8Array>
}
