// Messages of OpenAI's chat as the domain's: one message each, whatever its content is made of. Texts of several parts are joined with an empty
// line, as Ollama's templates join them; images and audio are decoded here, and never fetched.

import { decodeBase64 } from '../../api/base64.ts'
import { type Decoded, holdsInfinity, integer, list, rawJson, struct, text } from '../../api/fields.ts'
import { isAppError } from '../../base/errors.ts'
import { isRecord } from '../../base/json.ts'
import type { Message, ToolCall } from '../../chat/message.ts'
import { fieldError, unsupported } from './errors.ts'
import { textOrObjects } from './fields.ts'

const calledFunction = struct(
  'Function',
  { name: text, arguments: text },
  { goPackage: 'openai', goLiteral: 'struct { Name string "json:\\"name\\""; Arguments string "json:\\"arguments\\"" }' },
)
const toolCall = struct('ToolCall', { id: text, index: integer, type: text, function: calledFunction }, { goPackage: 'openai' })

export const message = struct(
  'Message',
  {
    role: text,
    content: textOrObjects,
    /** Thinking of an earlier turn, under either name that servers give it. */
    reasoning: text,
    reasoning_content: text,
    refusal: text,
    tool_calls: list(toolCall, '[]openai.ToolCall'),
    /** The older form of one call. */
    function_call: calledFunction,
    name: text,
    tool_call_id: text,
    audio: rawJson,
  },
  { goPackage: 'openai' },
)

export const messages = list(message, '[]openai.Message')
export type WireMessage = Decoded<(typeof message)['fields']>
type WireToolCall = NonNullable<WireMessage['tool_calls']>[number]

export interface Content {
  text: string
  images: Uint8Array[]
}

/** Text between the parts of one content. */
const PART_SEPARATOR = '\n\n'
const IMAGE_URL = /^data:(?:image\/(?:jpeg|jpg|png|webp|gif|bmp))?;base64,/i

/** Throws `invalid_request` with `details.param`. */
export function toMessages(wire: readonly WireMessage[]): Message[] {
  return wire.flatMap((one, index) => (saysNothing(one) ? [] : [toMessage(one, { wire, param: `messages[${index}]` })]))
}

/** wire: a list without parts makes no message, so that a request of such ones only loads the model. A result of a call is one, though empty. */
function saysNothing({
  role = '',
  content,
  tool_calls: calls,
  function_call: older,
  reasoning,
  reasoning_content: thinking,
}: WireMessage): boolean {
  const isEmptyList = Array.isArray(content) && content.length === 0
  return isEmptyList && !isResult(role) && !calls && !older && !reasoning && !thinking
}

function isResult(role: string): boolean {
  return ['tool', 'function'].includes(role.toLowerCase())
}

/** The text and the media of a content that is a text or a list of parts. Throws `invalid_request`. */
export function readContent(content: unknown, param: string): Content {
  if (typeof content === 'string') return { text: content, images: [] }
  if (!Array.isArray(content)) throw fieldError(param, `invalid message content type: ${goTypeOf(content)}`)
  const texts: string[] = []
  const images: Uint8Array[] = []
  content.forEach((part: unknown, index) => {
    const read = readPart(part, `${param}[${index}]`)
    if (typeof read === 'string') texts.push(read)
    else images.push(read)
  })
  return { text: texts.join(PART_SEPARATOR), images }
}

/** The bytes of a data URL. Throws `invalid_request`. */
export function decodeImageUrl(url: string, param: string): Uint8Array {
  if (/^https?:\/\//i.test(url)) {
    throw unsupported(param, 'image URLs are not currently supported, please use base64 encoded data instead', 'unsupported_value')
  }
  const prefix = IMAGE_URL.exec(url)?.[0]
  if (prefix === undefined) throw fieldError(param, 'invalid image input', 'invalid_image_url')
  return decode(url.slice(prefix.length), () => fieldError(param, 'invalid image input', 'invalid_base64'))
}

/** Arguments as models and clients keep them: an object. wire: null is one without any. Throws `invalid_request`. */
export function parseCallArguments(source: string, param: string): Record<string, unknown> {
  const value = tryParse(source)
  if (value === null) return {}
  if (!isRecord(value) || holdsInfinity(value)) throw fieldError(param, 'invalid tool call arguments', 'invalid_json')
  return value
}

interface Place {
  wire: readonly WireMessage[]
  param: string
}

function toMessage(one: WireMessage, { wire, param }: Place): Message {
  const role = (one.role ?? '').toLowerCase()
  const calls = toToolCalls(one, param)
  // wire: content may be left out where there are calls, even an empty list of them.
  const isWithoutContent = one.content === undefined && (calls !== undefined || one.refusal !== undefined)
  const content = isWithoutContent ? { text: one.refusal ?? '', images: [] } : readContent(one.content, `${param}.content`)
  const thinking = one.reasoning ?? one.reasoning_content
  const toolName = isResult(role) ? one.name || nameOfCall(wire, one.tool_call_id) : undefined
  return {
    role: role === 'function' ? 'tool' : role,
    content: content.text,
    ...(thinking ? { thinking } : {}),
    ...(content.images.length > 0 ? { images: content.images } : {}),
    ...(calls && calls.length > 0 ? { toolCalls: calls } : {}),
    ...(toolName ? { toolName } : {}),
    ...(one.tool_call_id ? { toolCallId: one.tool_call_id } : {}),
  }
}

function toToolCalls({ tool_calls: calls, function_call: older }: WireMessage, param: string): ToolCall[] | undefined {
  if (calls) return calls.map((call, index) => toToolCall(call, index, `${param}.tool_calls[${index}].function.arguments`))
  return older ? [toToolCall({ function: older }, 0, `${param}.function_call.arguments`)] : undefined
}

function toToolCall({ id, function: called = {} }: WireToolCall, index: number, param: string): ToolCall {
  return {
    ...(id ? { id } : {}),
    function: { index, name: called.name ?? '', arguments: parseCallArguments(called.arguments ?? '', param) },
  }
}

/** Ids may repeat in a long talk: the last call wins. */
function nameOfCall(wire: readonly WireMessage[], id: string | undefined): string | undefined {
  if (!id) return undefined
  return wire.flatMap((one) => one.tool_calls ?? []).findLast((call) => call.id === id)?.function?.name
}

function readPart(part: unknown, param: string): string | Uint8Array {
  if (!isRecord(part)) throw fieldError(param, 'invalid message format')
  switch (part.type) {
    case 'text':
      return textOf(part.text, `${param}.text`)
    case 'refusal':
      return textOf(part.refusal, `${param}.refusal`)
    case 'image_url': {
      const url = isRecord(part.image_url) ? part.image_url.url : part.image_url
      return decodeImageUrl(textOf(url, `${param}.image_url`), `${param}.image_url`)
    }
    case 'input_audio':
      return readAudio(part.input_audio, `${param}.input_audio`)
    default:
      throw fieldError(`${param}.type`, 'invalid message format', 'unsupported_value')
  }
}

function textOf(value: unknown, param: string): string {
  if (typeof value !== 'string') throw fieldError(param, 'invalid message format', 'invalid_type')
  return value
}

function readAudio(value: unknown, param: string): Uint8Array {
  if (!isRecord(value)) throw fieldError(param, 'invalid input_audio format', 'invalid_type')
  if (typeof value.data !== 'string') throw fieldError(`${param}.data`, 'invalid input_audio format: missing data', 'invalid_type')
  return decode(value.data, (reason) => fieldError(`${param}.data`, `invalid input_audio base64 data: ${reason}`, 'invalid_base64'))
}

function decode(base64: string, refuse: (reason: string) => Error): Uint8Array {
  try {
    return decodeBase64(base64)
  } catch (error) {
    throw isAppError(error) ? refuse(error.message) : error
  }
}

function tryParse(source: string): unknown {
  try {
    return JSON.parse(source)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** wire: the words of Go for what stands where a text is wanted. */
function goTypeOf(value: unknown): string {
  if (value === undefined || value === null) return '<nil>'
  if (typeof value === 'object') return 'map[string]interface {}'
  return typeof value === 'number' ? 'float64' : 'bool'
}
