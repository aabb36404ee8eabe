import { decodeBody } from '../../api/decode.ts'
import type { Decoded, Fields, Struct } from '../../api/fields.ts'
import type { Reply } from '../kernel/reply.ts'
import { noteOptions, toWarningHeaders } from '../request-fields.ts'

/** The newer of two words wins. */
const OLDER_WORDS = [
  ['name', 'model'],
  ['quantization', 'quantize'],
] as const

/** The fields of a request. `unused` gets the names of what is not used: unknown keys, and `ignored` ones. Throws `invalid_request` in Go's words. */
export function decodeFields<F extends Fields>(
  bytes: Uint8Array,
  unused: Set<string>,
  struct: Struct<F>,
  ignored: readonly (string & keyof F)[] = [],
): Decoded<F> {
  const fields = decodeBody(bytes, struct, unused)
  for (const name of ignored) if (fields[name] !== undefined) unused.add(name)
  for (const [older, newer] of OLDER_WORDS) if (hasText(fields, older) && hasText(fields, newer)) unused.add(older)
  noteOptions(fields, unused)
  return fields
}

export function withWarnings(reply: Reply, unused: ReadonlySet<string>): Reply {
  const warnings = toWarningHeaders(unused)
  return warnings ? { ...reply, headers: { ...reply.headers, ...warnings } } : reply
}

function hasText(fields: Readonly<Record<string, unknown>>, name: string): boolean {
  return typeof fields[name] === 'string' && fields[name] !== ''
}
