// What messages may say and what changes nothing in the answer, by name: `messages.name`, `messages.content.cache_control`.

import { isRecord } from '../../base/json.ts'
import type { WireMessage } from './messages.ts'

/** What a part of a content says that is used. */
const PART_FIELDS = ['type', 'text', 'refusal', 'image_url', 'input_audio']
/** The only roles that have a name that counts: that of a tool. */
const NAMED_ROLES = ['tool', 'function']

export function unusedInMessages(wire: readonly WireMessage[]): string[] {
  const names = new Set<string>()
  for (const { role = '', name, audio, content } of wire) {
    if (name && !NAMED_ROLES.includes(role.toLowerCase())) names.add('messages.name')
    // What the assistant said aloud in an earlier turn: its transcript is the content.
    if (audio !== undefined) names.add('messages.audio')
    for (const part of Array.isArray(content) ? content.filter(isRecord) : []) {
      for (const key of Object.keys(part)) if (!PART_FIELDS.includes(key)) names.add(`messages.content.${key}`)
      const { detail = 'auto' } = isRecord(part.image_url) ? part.image_url : {}
      if (detail !== 'auto') names.add('messages.content.image_url.detail')
    }
  }
  return [...names]
}
