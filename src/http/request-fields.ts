// A body to the fields that an endpoint knows, and the fate of all others: no field is dropped in silence. A field either works, or is refused with
// its name, or, where it changes nothing in the answer, is named in the header x-llamero-warnings.

import { parseBody } from '../api/decode.ts'
import { type Decoded, type Fields, isObject, type Struct, wrongType } from '../api/fields.ts'
import { AppError, isAppError } from '../base/errors.ts'
import type { ReplyHeaders } from './kernel/reply.ts'

/** What becomes of a field that the endpoint's struct does not have. */
export type Fate =
  | 'unused'
  /** Refused with this reason, unless its value asks for what happens anyway. */
  | { refusal: string; unless?: (value: unknown) => boolean }

export type Fates = Readonly<Record<string, Fate>>

export interface DecodedRequest<F extends Fields> {
  fields: Decoded<F>
  /** Names of fields that were not used. */
  warnings: string[]
}

const WARNINGS_HEADER = 'x-llamero-warnings'
/** A header is no place for all that a client may send. */
const MAX_WARNINGS = 32
const MAX_NAME_CHARACTERS = 64

/** Throws `invalid_request` in Go's words for what is malformed, and for fields that are refused. */
export function decodeRequest<F extends Fields>(bytes: Uint8Array, struct: Struct<F>, fates: Fates): DecodedRequest<F> {
  const { value, text } = parse(bytes)
  if (value === null) return { fields: {}, warnings: [] }
  const place = { struct: '', path: '', text }
  if (!isObject(value)) throw wrongType(value, place, struct.goType)
  const fields = struct.decode(value, place)
  return { fields, warnings: judgeOthers(value, struct, fates) }
}

/** Undefined where there is nothing to say. */
export function toWarningHeaders(warnings: readonly string[]): ReplyHeaders | undefined {
  if (warnings.length === 0) return undefined
  const names = warnings
    .slice(0, MAX_WARNINGS)
    .map((name) => encodeURIComponent(name.slice(0, MAX_NAME_CHARACTERS).replace(/\p{Surrogate}/gu, '?')))
  return { [WARNINGS_HEADER]: names.join(', ') }
}

function parse(bytes: Uint8Array): ReturnType<typeof parseBody> {
  try {
    return parseBody(bytes)
  } catch (error) {
    if (!isAppError(error, 'invalid_request')) throw error
    // wire: without a body these endpoints speak of its end.
    const isEmpty = bytes.every((byte) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d))
    throw new AppError('invalid_request', isEmpty ? 'EOF' : error.message, { cause: error, details: { code: 'invalid_json' } })
  }
}

function judgeOthers(sent: Record<string, unknown>, struct: Struct<Fields>, fates: Fates): string[] {
  const known = new Set(Object.keys(struct.fields).map((key) => key.toLowerCase()))
  const warnings: string[] = []
  for (const [key, value] of Object.entries(sent)) {
    const name = key.toLowerCase()
    if (value === null || known.has(name)) continue
    const fate = Object.hasOwn(fates, name) ? fates[name] : undefined
    if (fate === undefined || fate === 'unused') warnings.push(key)
    else if (!fate.unless?.(value)) throw refuse(name, fate.refusal)
  }
  return warnings
}

function refuse(name: string, reason: string): AppError {
  return new AppError('invalid_request', `${name}: ${reason}`, { details: { param: name, code: 'unsupported_parameter' } })
}
