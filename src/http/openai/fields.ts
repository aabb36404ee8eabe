// Fields whose values this dialect looks at itself, with the schemas that say what they may be.

import { anything, described, type Field, integer, rawJson } from '../../api/fields.ts'
import type { JsonSchema } from '../../api/json-schema.ts'
import { OPTIONS_SCHEMA, runFields } from '../../api/run-fields.ts'
import { isRecord } from '../../base/json.ts'

/** Open-ended, since every reply holds a place in the queue. */
export const MAX_CHOICES = 128
export const MAX_TOP_LOGPROBS = 20

const TOKENS = { type: 'array', items: { type: 'integer', minimum: 0 }, minItems: 1 }
const TEXT_OR_TEXTS = { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] }

export const choiceCount = described(integer, { type: 'integer', minimum: 1, maximum: MAX_CHOICES })
export const topLogprobs = described(integer, { type: 'integer', minimum: 0, maximum: MAX_TOP_LOGPROBS })
export const textOrTexts = described(anything, TEXT_OR_TEXTS)
export const textsOrTokens = described(anything, { anyOf: [...TEXT_OR_TEXTS.anyOf, TOKENS, { type: 'array', items: TOKENS }] })
/** A text, or parts of one content, or items of a conversation: objects of many kinds. */
export const textOrObjects = described(anything, { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'object' } }] })
export const options = described(rawJson, OPTIONS_SCHEMA)
/** What cannot be read is named in the header and no error. */
export const keepAlive = described(rawJson, { description: String(runFields.keep_alive.schema.description) })
export const toolChoice = described(rawJson, {
  anyOf: [{ enum: ['auto', 'none', 'required'] }, { type: 'object', description: 'The function to call, or `allowed_tools`.' }],
})
export const logitBias = described(rawJson, {
  type: 'object',
  description: 'Token ids, and what is added to their logits.',
  propertyNames: { pattern: '^[0-9]{1,9}$' },
  additionalProperties: { type: 'number', minimum: -100, maximum: 100 },
})

/** An object that is kept whole. What Ollama reads of it is looked at all the same, for its words about wrong types. */
export function wholeObject(read: Field<unknown>, schema: JsonSchema): Field<Record<string, unknown>> {
  return {
    zero: {},
    schema,
    decode(value, place) {
      const { unused: _, ...silent } = place
      read.decode(value, silent)
      return isRecord(value) ? value : {}
    },
  }
}
