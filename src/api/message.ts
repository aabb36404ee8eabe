// Messages, tool calls and tools on the wire of /api/*.

import { AppError } from '../base/errors.ts'
import { isRecord } from '../base/json.ts'
import { anything, type Decoded, type Field, integer, joinPath, list, type Place, struct, text, wrongType } from './fields.ts'
import { images } from './run-fields.ts'

export interface ToolCallBody {
  id?: string
  function: { index?: number; name: string; arguments: Record<string, unknown> }
}

export interface MessageBody {
  role: string
  content: string
  thinking?: string
  /** Base64. */
  images?: string[]
  tool_calls?: ToolCallBody[]
  tool_name?: string
  tool_call_id?: string
}

/** A tool as the client wrote it: what Ollama does not know of JSON Schema is kept. */
export interface ToolBody {
  type: string
  function: { name: string; description?: string; parameters?: Record<string, unknown>; [key: string]: unknown }
  [key: string]: unknown
}

/** An object whose keys are the model's own and keep their order. */
const orderedRecord: Field<Record<string, unknown>> = {
  zero: {},
  schema: { type: 'object' },
  decode(value, place) {
    if (!isRecord(value)) throw notAnObject()
    anything.decode(value, place)
    return value
  },
}

const toolCall = struct('ToolCall', {
  id: text,
  function: struct('ToolCallFunction', { index: integer, name: text, arguments: orderedRecord }),
})

const message = struct(
  'Message',
  {
    role: text,
    content: text,
    thinking: text,
    images,
    tool_calls: list(toolCall, '[]api.ToolCall'),
    tool_name: text,
    tool_call_id: text,
  },
  { decodesItselfAs: 'Alias' },
)

export const messages = list(message, '[]api.Message')
export type DecodedMessage = Decoded<(typeof message)['fields']>

/** A word, or a list of words. */
const propertyType: Field<unknown> = {
  zero: null,
  schema: { type: ['string', 'array'] },
  decode: (value, place) => (typeof value === 'string' ? value : list(text, '[]string').decode(value, place)),
}

const property: Field<unknown> = {
  zero: {},
  schema: { type: 'object' },
  decode: (value, place) => propertyStruct.decode(value, place),
}

const properties: Field<unknown> = {
  zero: {},
  schema: { type: 'object' },
  decode(value, place) {
    if (!isRecord(value)) throw notAnObject()
    for (const item of Object.values(value)) if (item !== null) property.decode(item, { ...place, sealed: true })
    return value
  },
}

const propertyStruct = struct('ToolProperty', {
  anyOf: list(property, '[]api.ToolProperty'),
  type: propertyType,
  items: anything,
  description: text,
  enum: list(anything, '[]interface {}'),
  properties,
  required: list(text, '[]string'),
})

const toolStruct = struct('Tool', {
  type: text,
  items: anything,
  function: struct('ToolFunction', {
    name: text,
    description: text,
    parameters: struct('ToolFunctionParameters', {
      type: text,
      $defs: anything,
      items: anything,
      required: list(text, '[]string'),
      properties,
    }),
  }),
})

/** Checked field by field as Ollama does, and kept whole. */
const tool: Field<ToolBody> = {
  zero: { type: '', function: { name: '' } },
  schema: toolStruct.schema,
  decode(value, place) {
    const { unused: _, ...silent } = place
    const checked = toolStruct.decode(value, silent)
    const sent = isRecord(value) ? value : {}
    const sentFunction = Object.entries(sent).find(([key]) => key.toLowerCase() === 'function')?.[1]
    const { name = '', description, parameters } = checked.function ?? {}
    return {
      ...sent,
      type: checked.type ?? '',
      function: {
        ...(isRecord(sentFunction) ? sentFunction : {}),
        name,
        ...(description === undefined ? {} : { description }),
        ...(parameters === undefined ? {} : { parameters: sentParameters(sentFunction, place) }),
      },
    }
  },
}

export const tools = list(tool, 'api.Tools')

function sentParameters(sentFunction: unknown, place: Place): Record<string, unknown> {
  const entries = isRecord(sentFunction) ? Object.entries(sentFunction) : []
  const value = entries.find(([key]) => key.toLowerCase() === 'parameters')?.[1]
  if (!isRecord(value)) throw wrongType(value, { ...place, path: joinPath(place.path, 'parameters') }, 'api.ToolFunctionParameters')
  return value
}

/** The words of the library with which Ollama reads objects whose order counts. */
function notAnObject(): AppError {
  return new AppError('invalid_request', "Value looks like object, but can't find closing '}' symbol")
}
