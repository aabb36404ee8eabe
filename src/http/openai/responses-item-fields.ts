// The fields of the items and parts of a response's input, each kind read as Ollama reads it: null and what is left out are the zero value, and a
// wrong type is refused in its words, behind the place where it stands.

import { type Decoded, type Fields, list, rawJson, type Struct, struct, text } from '../../api/fields.ts'
import { isAppError } from '../../base/errors.ts'
import { fieldError } from './errors.ts'

/** Where an item or a part stands: `input[0].content[1]`, and `input[0]: content[1]: ` before what is wrong with it. */
export interface InputPlace {
  param: string
  words: string
}

const TYPE_FIELD = 'Type string "json:\\"type\\""'

export const itemKind = struct(
  'ItemKind',
  { type: text, role: text },
  { goLiteral: `struct { ${TYPE_FIELD}; Role string "json:\\"role\\"" }` },
)
export const partKind = struct('PartKind', { type: text }, { goLiteral: `struct { ${TYPE_FIELD} }` })
export const messageItem = struct('MessageItem', { role: text, content: rawJson }, { goLiteral: 'openai.ResponsesInputMessage' })
export const callItem = struct('ResponsesFunctionCall', { id: text, call_id: text, name: text, arguments: text })
export const resultItem = struct('ResultItem', { call_id: text, output: rawJson }, { goLiteral: 'openai.ResponsesFunctionCallOutput' })
export const reasoningItem = struct('ResponsesReasoningInput', {
  id: text,
  summary: list(struct('ResponsesReasoningSummary', { type: text, text }, { goPackage: 'openai' }), '[]openai.ResponsesReasoningSummary'),
  encrypted_content: text,
  content: rawJson,
})
export const textPart = struct('ResponsesTextContent', { text })
export const imagePart = struct('ResponsesImageContent', { detail: text, file_id: text, image_url: text })

/** Throws `invalid_request` with `details.param`. */
export function readFields<F extends Fields>(value: unknown, as: Struct<F>, { param, words }: InputPlace): Decoded<F> {
  try {
    // wire: null is an object without fields.
    return as.decode(value ?? {}, { struct: '', path: '', text: '' })
  } catch (error) {
    if (!isAppError(error, 'invalid_request')) throw error
    const { param: field } = error.details
    throw fieldError(typeof field === 'string' && field !== '' ? `${param}.${field}` : param, words + error.message, 'invalid_type')
  }
}
