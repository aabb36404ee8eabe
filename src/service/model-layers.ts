// The JSON inside a model's params and messages layers, which other programs may have written.

import { AppError } from '../base/errors.ts'
import { isRecord } from '../base/json.ts'
import type { Message, ToolCall } from '../chat/message.ts'

/** More is no dialogue that anyone prepared by hand. */
const MAX_MESSAGES = 10_000

/** Values are not checked here: the merge of options says what is wrong with them. Throws `store_corrupt`. */
export function parseParamsLayer(text: string): Record<string, unknown> {
  const value = parseJson(text, 'parameters')
  if (value === null) return {}
  if (!isRecord(value)) throw corrupt('the parameters of the model are not an object')
  return value
}

/** Throws `store_corrupt`. */
export function parseMessagesLayer(text: string): Message[] {
  const value = parseJson(text, 'messages')
  if (value === null) return []
  if (!Array.isArray(value) || value.length > MAX_MESSAGES) throw corrupt('the messages of the model are not a usable list')
  return value.map(parseMessage)
}

function parseMessage(value: unknown): Message {
  if (!isRecord(value)) throw corrupt('a message of the model is not an object')
  const message: Message = { role: toText(value.role).toLowerCase(), content: toText(value.content) }
  if (toText(value.thinking) !== '') message.thinking = toText(value.thinking)
  if (toText(value.tool_name) !== '') message.toolName = toText(value.tool_name)
  if (toText(value.tool_call_id) !== '') message.toolCallId = toText(value.tool_call_id)
  if (Array.isArray(value.images) && value.images.length > 0) {
    message.images = value.images.map((image) => new Uint8Array(Buffer.from(toText(image), 'base64')))
  }
  if (Array.isArray(value.tool_calls) && value.tool_calls.length > 0) message.toolCalls = value.tool_calls.map(parseToolCall)
  return message
}

function parseToolCall(value: unknown, position: number): ToolCall {
  const call = isRecord(value) && isRecord(value.function) ? value.function : undefined
  if (!isRecord(value) || !call) throw corrupt('a tool call in the messages of the model is not an object')
  return {
    ...(toText(value.id) === '' ? {} : { id: toText(value.id) }),
    function: {
      index: typeof call.index === 'number' ? call.index : position,
      name: toText(call.name),
      arguments: isRecord(call.arguments) ? call.arguments : {},
    },
  }
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw corrupt(`the ${what} of the model are not JSON`, cause)
  }
}

function toText(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function corrupt(message: string, cause?: unknown): AppError {
  return new AppError('store_corrupt', message, { cause })
}
