import { decodeBody } from '../../api/decode.ts'
import type { Decoded, Fields, Struct } from '../../api/fields.ts'
import type { Reply } from '../kernel/reply.ts'
import { noteOptions, toWarningHeaders } from '../request-fields.ts'

/** The fields of a request. `unused` gets the names of what is not used: unknown keys, and `ignored` ones. Throws `invalid_request` in Go's words. */
export function decodeFields<F extends Fields>(
  bytes: Uint8Array,
  unused: Set<string>,
  struct: Struct<F>,
  ignored: readonly (string & keyof F)[] = [],
): Decoded<F> {
  const fields = decodeBody(bytes, struct, unused)
  for (const name of ignored) if (fields[name] !== undefined) unused.add(name)
  noteOptions(fields, unused)
  return fields
}

export function withWarnings(reply: Reply, unused: ReadonlySet<string>): Reply {
  const warnings = toWarningHeaders(unused)
  return warnings ? { ...reply, headers: { ...reply.headers, ...warnings } } : reply
}
