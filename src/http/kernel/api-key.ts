// The one key of a server that asks for it (LLAMERO_API_KEY): who has it may do everything, who has not may only ask whether somebody is there.
// It comes as each dialect's clients send theirs. A server without a key asks for none, as Ollama.

import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { AppError } from '../../base/errors.ts'
import { isLoopbackAddress } from './hosts.ts'
import type { WholeReply } from './reply.ts'

/** What a probe asks: `/` says that a server runs, and nothing else. */
const OPEN_PATH = '/'
/** wire: RFC 6750. */
const CHALLENGE = { 'WWW-Authenticate': 'Bearer realm="llamero"' }

/** Whether a request may pass. */
export type KeyCheck = (path: string, headers: IncomingHttpHeaders) => boolean

export function createKeyCheck(key: string | undefined): KeyCheck {
  if (key === undefined) return () => true
  const expected = hashOf(key)
  return (path, headers) => path === OPEN_PATH || givenKeys(headers).some((given) => timingSafeEqual(hashOf(given), expected))
}

/** In the words of the route's dialect, where it has one. */
export function refuseWithoutKey(fail: ((error: AppError) => WholeReply) | undefined): WholeReply {
  const error = new AppError(
    'unauthorized',
    'this server asks for its key, and got none or another one: clients send it as a bearer token, the command line takes it from LLAMERO_API_KEY',
  )
  const reply: WholeReply = fail?.(error) ?? { kind: 'text', status: 401, text: '401 unauthorized', contentType: 'text/plain' }
  return { ...reply, status: 401, headers: { ...reply.headers, ...CHALLENGE } }
}

/** What the operator should know of a server that others reach and that asks nobody. */
export function describeExposure(address: string, key: string | undefined): string | undefined {
  if (key !== undefined || isLoopbackAddress(address)) return undefined
  return 'whoever reaches this address may use, pull and delete models: set LLAMERO_API_KEY, or let a proxy in front ask who it is'
}

/** `Authorization: Bearer` of OpenAI's and Ollama's clients, `x-api-key` of Anthropic's. */
function givenKeys({ authorization, 'x-api-key': apiKey }: IncomingHttpHeaders): string[] {
  const bearer = /^Bearer +(\S.*)$/i.exec(authorization ?? '')?.[1]
  return [bearer, ...[apiKey].flat()].filter((key) => key !== undefined).map((key) => key.trim())
}

/** Of equal length, whatever was given. */
function hashOf(text: string): Uint8Array {
  return createHash('sha256').update(text).digest()
}
