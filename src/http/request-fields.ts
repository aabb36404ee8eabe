// A body to the fields that an endpoint knows, and the fate of all others: no field is dropped in silence. A field either works, or is refused with
// its name, or, where it changes nothing in the answer, is named in the header x-llamero-warnings.

import { decodeParsed, type ParsedBody, parseBody } from '../api/decode.ts'
import type { Decoded, Fields, Struct } from '../api/fields.ts'
import { AppError, isAppError } from '../base/errors.ts'
import { isRecord } from '../base/json.ts'
import { isOptionName } from '../model/options.ts'
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
  const body = parse(bytes)
  const unused = new Set<string>()
  const fields = decodeParsed(body, struct, unused)
  refuseOthers(body.value, fates)
  for (const path of [...unused]) if (fateOf(path, fates) !== 'unused') unused.delete(path)
  noteOptions(fields, unused)
  return { fields, warnings: [...unused] }
}

/** Options that nobody knows are as good as not sent. */
export function noteOptions({ options }: { options?: unknown }, unused: Set<string>): void {
  if (isRecord(options))
    for (const name of Object.keys(options)) if (!isOptionName(name) && options[name] !== null) unused.add(`options.${name}`)
}

/** Undefined where there is nothing to say. */
export function toWarningHeaders(warnings: Iterable<string>): ReplyHeaders | undefined {
  const names = [...new Set(warnings)]
    .slice(0, MAX_WARNINGS)
    .map((name) => encodeURIComponent(name.slice(0, MAX_NAME_CHARACTERS).replace(/\p{Surrogate}/gu, '?')))
  return names.length === 0 ? undefined : { [WARNINGS_HEADER]: names.join(', ') }
}

function parse(bytes: Uint8Array): ParsedBody {
  try {
    return parseBody(bytes)
  } catch (error) {
    if (!isAppError(error, 'invalid_request')) throw error
    // wire: without a body these endpoints speak of its end.
    const isEmpty = bytes.every((byte) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d))
    throw new AppError('invalid_request', isEmpty ? 'EOF' : error.message, { cause: error, details: { code: 'invalid_json' } })
  }
}

function refuseOthers(sent: unknown, fates: Fates): void {
  for (const [key, value] of Object.entries(isRecord(sent) ? sent : {})) {
    const fate = value === null ? 'unused' : fateOf(key, fates)
    if (fate !== 'unused' && !fate.unless?.(value)) throw refuse(key.toLowerCase(), fate.refusal)
  }
}

function fateOf(path: string, fates: Fates): Fate {
  const name = path.toLowerCase()
  return (Object.hasOwn(fates, name) ? fates[name] : undefined) ?? 'unused'
}

function refuse(name: string, reason: string): AppError {
  return new AppError('invalid_request', `${name}: ${reason}`, { details: { param: name, code: 'unsupported_parameter' } })
}
