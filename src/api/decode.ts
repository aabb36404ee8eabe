// A request body to a typed request, as lenient and as strict as Go's encoding/json is for Ollama: ONE JSON value, the rest ignored; keys in any
// case; unknown keys ignored; null means absent; and Go's words for what is wrong. JSON.parse does the work wherever it can, since
// bodies hold images of tens of megabytes; only a body it refuses is scanned by hand.

import { AppError } from '../base/errors.ts'
import { isRecord } from '../base/json.ts'
import { type Decoded, type Fields, type Struct, wrongType } from './fields.ts'
import { findJsonEnd, MAX_DEPTH } from './json-scan.ts'

/** `unused` gets the paths of keys that are not known. Throws `invalid_request` in Go's words. */
export function decodeBody<F extends Fields>(bytes: Uint8Array, struct: Struct<F>, unused = new Set<string>()): Decoded<F> {
  return decodeParsed(parseBody(bytes), struct, unused)
}

/** The same for a body that is parsed. */
export function decodeParsed<F extends Fields>({ value, text }: ParsedBody, struct: Struct<F>, unused: Set<string>): Decoded<F> {
  if (value === null) return {}
  const place = { struct: '', path: '', text, unused }
  if (!isRecord(value)) throw wrongType(value, place, struct.goType)
  return struct.decode(value, place)
}

export interface ParsedBody {
  value: unknown
  /** What the value was made from. */
  text: string
}

/** The first JSON value of a body. Throws `invalid_request` in Go's words. */
export function parseBody(bytes: Uint8Array): ParsedBody {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const text = buffer.toString('utf8')
  if (!/[^ \t\r\n]/.test(text)) throw new AppError('invalid_request', 'missing request body')
  const whole = tryParse(text)
  if (whole !== undefined && !isDeeperThan(whole.value, MAX_DEPTH)) return { value: whole.value, text }
  const first = buffer.toString('utf8', 0, findJsonEnd(bytes))
  return { value: parse(first), text: first }
}

function tryParse(text: string): { value: unknown } | undefined {
  try {
    return { value: parse(text) }
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** Half a surrogate pair can come from an escape alone; Go makes it U+FFFD. */
function parse(text: string): unknown {
  if (!/\\u[dD][89a-fA-F]/.test(text)) return JSON.parse(text)
  return JSON.parse(text, (_, value) => (typeof value === 'string' ? value.replace(/\p{Surrogate}/gu, '\ufffd') : value))
}

/** Without recursion: the value may be as deep as the body is long. */
function isDeeperThan(root: unknown, limit: number): boolean {
  let level = [root].filter(isContainer)
  for (let depth = 0; level.length > 0; depth++) {
    if (depth >= limit) return true
    level = level.flatMap((container) => Object.values(container).filter(isContainer))
  }
  return false
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
