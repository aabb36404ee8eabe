import { isRecord } from '../../base/json.ts'
import { createId } from '../ids.ts'

/** The input of a request as OpenAI lists it: items, each with an id. */
export function toItems(input: unknown): unknown[] {
  if (typeof input === 'string') {
    return input === '' ? [] : [{ id: createId('msg_'), type: 'message', role: 'user', content: [{ type: 'input_text', text: input }] }]
  }
  if (!Array.isArray(input)) return []
  return input.filter(isRecord).map((item) => ({ id: createId('msg_'), type: 'message', ...item }))
}
