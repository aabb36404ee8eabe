// The CORS side of every request. A page from elsewhere is refused whatever it asks for: a page that may not read an answer could still
// have deleted a model.

import { allowsOrigin, type OriginPolicy } from './origins.ts'

export interface CorsInput {
  method: string
  origin: string | undefined
  host: string | undefined
  /** `Access-Control-Request-Headers` of a preflight. */
  requestHeaders?: string | undefined
}

export type CorsVerdict =
  | { kind: 'pass'; headers: CorsHeaders }
  | { kind: 'preflight'; headers: CorsHeaders }
  /** 403 without a body. */
  | { kind: 'refuse' }

export type CorsHeaders = Readonly<Record<string, string | readonly string[]>>

const METHODS = 'GET,POST,PUT,PATCH,DELETE,HEAD,OPTIONS'
const HEADERS = [
  'Authorization',
  'Content-Type',
  'User-Agent',
  'Accept',
  'X-Requested-With',
  'Openai-Beta',
  ...['Arch', 'Async', 'Custom-Poll-Interval', 'Helper-Method', 'Lang', 'Os', 'Package-Version', 'Poll-Helper'].map(stainless),
  ...['Retry-Count', 'Runtime', 'Runtime-Version', 'Timeout'].map(stainless),
].join(',')
/** What the clients of Anthropic and OpenAI send from a page. wire: Ollama's list has none of these, so they are allowed where they are asked for. */
const CLIENT_HEADERS = [
  'x-api-key',
  'anthropic-version',
  'anthropic-beta',
  'anthropic-dangerous-direct-browser-access',
  'openai-organization',
  'openai-project',
  'idempotency-key',
  'content-encoding',
]
const MAX_AGE_SECONDS = '43200'

export function checkCors({ method, origin, host, requestHeaders }: CorsInput, policy: OriginPolicy): CorsVerdict {
  if (!origin || origin === `http://${host}` || origin === `https://${host}`) return { kind: 'pass', headers: {} }
  if (!allowsOrigin(policy, origin)) return { kind: 'refuse' }
  const allowed = policy.allowsAll ? '*' : origin
  if (method === 'OPTIONS') return { kind: 'preflight', headers: preflightHeaders(allowed, requestHeaders) }
  return { kind: 'pass', headers: { 'Access-Control-Allow-Origin': allowed, ...(policy.allowsAll ? {} : { Vary: 'Origin' }) } }
}

function preflightHeaders(allowed: string, requested = ''): CorsHeaders {
  const asked = requested.split(',').map((name) => name.trim().toLowerCase())
  return {
    'Access-Control-Allow-Headers': [HEADERS, ...CLIENT_HEADERS.filter((name) => asked.includes(name))].join(','),
    'Access-Control-Allow-Methods': METHODS,
    'Access-Control-Allow-Origin': allowed,
    'Access-Control-Max-Age': MAX_AGE_SECONDS,
    ...(allowed === '*' ? {} : { Vary: ['Origin', 'Access-Control-Request-Method', 'Access-Control-Request-Headers'] }),
  }
}

function stainless(name: string): string {
  return `X-Stainless-${name}`
}
