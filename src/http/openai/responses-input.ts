// The input of a response as the domain's messages: a text, or items of a conversation. Items that belong to one turn of the assistant (reasoning,
// text, calls) become one message; results know the name of their function from the call that has their id.

import { isObject, kindOf } from '../../api/fields.ts'
import { AppError } from '../../base/errors.ts'
import type { Message, ToolCall } from '../../chat/message.ts'
import { fieldError, unsupported } from './errors.ts'
import { decodeImageUrl } from './messages.ts'

type Item = Record<string, unknown>

interface Content {
  text: string
  images: Uint8Array[]
}

const ROLES = ['user', 'assistant', 'system', 'developer']

/** `earlier`: the conversation that goes on here. `warnings` gets what is accepted and not used. Throws `invalid_request`. */
export function toInputMessages(input: unknown, earlier: readonly Message[], warnings: string[]): Message[] {
  if (input === undefined || input === '') return [...earlier]
  if (typeof input === 'string') return [...earlier, { role: 'user', content: input }]
  if (!Array.isArray(input)) {
    throw fieldError(
      'input',
      `input must be a string or array: json: cannot unmarshal ${kindOf(input)} into Go value of type []json.RawMessage`,
      'invalid_type',
    )
  }
  const conversation = new Conversation(earlier, warnings)
  input.forEach((item: unknown, index) => {
    // wire: null is an item that says nothing.
    conversation.add(item ?? {}, `input[${index}]`)
  })
  return conversation.end()
}

class Conversation {
  readonly #messages: Message[]
  readonly #warnings: string[]
  readonly #names = new Map<string, string>()
  /** Reasoning that waits for the turn it belongs to. */
  #thinking = ''

  constructor(earlier: readonly Message[], warnings: string[]) {
    this.#messages = [...earlier]
    this.#warnings = warnings
    for (const message of earlier) this.#remember(message.toolCalls ?? [])
  }

  add(item: unknown, place: string): void {
    if (!isObject(item)) {
      // wire: Go names the struct that it peeks into.
      const struct = 'struct { Type string "json:\\"type\\""; Role string "json:\\"role\\"" }'
      throw fieldError(place, `${place}: json: cannot unmarshal ${kindOf(item)} into Go value of type ${struct}`, 'invalid_type')
    }
    const type = item.type ?? (item.role === undefined ? undefined : 'message')
    if (type === 'message') this.#addMessage(item, place)
    else if (type === 'function_call') this.#addCall(item, place)
    else if (type === 'function_call_output') this.#addResult(item, place)
    else if (type === 'reasoning') this.#thinking += readReasoning(item)
    // A search that ran on other servers: what was found stands in the message behind it.
    else if (type === 'web_search_call') this.#warnings.push('input.web_search_call')
    else throw unknownItem(type, place)
  }

  end(): Message[] {
    if (this.#thinking !== '') this.#turn()
    return this.#messages
  }

  #addMessage(item: Item, place: string): void {
    const role = typeof item.role === 'string' ? item.role.toLowerCase() : ''
    if (!ROLES.includes(role)) throw fieldError(`${place}.role`, `${place}: role must be user, assistant, system or developer`)
    const { text, images } = readContent(item.content, { place, key: 'content' })
    if (role !== 'assistant') {
      this.#messages.push({ role, content: text, ...(images.length > 0 ? { images } : {}) })
      return
    }
    const turn = this.#turn()
    turn.content += text
    if (images.length > 0) turn.images = [...(turn.images ?? []), ...images]
  }

  #addCall(item: Item, place: string): void {
    const { call_id: id, name } = item
    if (typeof name !== 'string' || name === '') {
      throw fieldError(`${place}.name`, `${place}: a function_call needs a name`, 'missing_required_parameter')
    }
    const turn = this.#turn()
    const calls = turn.toolCalls ?? []
    const call: ToolCall = {
      ...(typeof id === 'string' && id !== '' ? { id } : {}),
      function: { index: calls.length, name, arguments: readArguments(item.arguments, `${place}.arguments`) },
    }
    turn.toolCalls = [...calls, call]
    this.#remember([call])
  }

  #addResult(item: Item, place: string): void {
    const { call_id: id } = item
    if (typeof id !== 'string' || id === '') {
      throw fieldError(`${place}.call_id`, `${place}: a function_call_output needs a call_id`, 'missing_required_parameter')
    }
    const { text, images } = readContent(item.output, { place, key: 'output' })
    const toolName = this.#names.get(id)
    this.#messages.push({
      role: 'tool',
      content: text,
      toolCallId: id,
      ...(toolName === undefined ? {} : { toolName }),
      ...(images.length > 0 ? { images } : {}),
    })
  }

  /** The assistant's turn that is still open, or a new one. */
  #turn(): Message {
    const last = this.#messages.at(-1)
    const isOpen = last?.role === 'assistant'
    const turn: Message = isOpen ? { ...last } : { role: 'assistant', content: '' }
    if (this.#thinking !== '') turn.thinking = (turn.thinking ?? '') + this.#thinking
    this.#thinking = ''
    // A message of an earlier response is another's: it is replaced and not changed.
    this.#messages.splice(isOpen ? -1 : this.#messages.length, isOpen ? 1 : 0, turn)
    return turn
  }

  #remember(calls: readonly ToolCall[]): void {
    for (const { id, function: called } of calls) if (id !== undefined) this.#names.set(id, called.name)
  }
}

function unknownItem(type: unknown, place: string): AppError {
  if (type === undefined) return fieldError(place, `${place}: input item missing required 'type' field`, 'missing_required_parameter')
  return unsupported(`${place}.type`, `${place}: unknown input item type: ${JSON.stringify(type)}`, 'unsupported_value')
}

/** What Llamero gives as `encrypted_content` is the reasoning itself; others may send their own text of it. */
function readReasoning({ encrypted_content: whole, content, summary }: Item): string {
  if (typeof whole === 'string' && whole !== '') return whole
  const parts = Array.isArray(content) && content.length > 0 ? content : Array.isArray(summary) ? summary : []
  return parts.map((part: unknown) => (isObject(part) && typeof part.text === 'string' ? part.text : '')).join('')
}

function readContent(content: unknown, { place, key }: { place: string; key: string }): Content {
  if (content === undefined || content === null) return { text: '', images: [] }
  if (typeof content === 'string') return { text: content, images: [] }
  if (!Array.isArray(content)) {
    const words = `${key} must be a string or array: json: cannot unmarshal ${kindOf(content)} into Go value of type []json.RawMessage`
    throw fieldError(`${place}.${key}`, `${place}: ${words}`, 'invalid_type')
  }
  let text = ''
  const images: Uint8Array[] = []
  content.forEach((part: unknown, index) => {
    const read = readPart(part, { place, at: `${key}[${index}]` })
    if (typeof read === 'string') text += read
    else images.push(read)
  })
  return { text, images }
}

function readPart(part: unknown, { place, at }: { place: string; at: string }): string | Uint8Array {
  const param = `${place}.${at}`
  const { type, text, refusal, image_url: url }: Item = isObject(part) ? part : {}
  switch (type) {
    case 'input_text':
    case 'output_text':
      return requireText(text, `${param}.text`)
    case 'refusal':
      return requireText(refusal, `${param}.refusal`)
    case 'input_image':
      if (typeof url !== 'string') throw unsupported(`${param}.file_id`, 'images need an image_url: there are no files here')
      return decodeImageUrl(url, `${param}.image_url`)
    case 'input_file':
      throw unsupported(param, 'file inputs are not currently supported', 'unsupported_value')
  }
  throw unsupported(`${param}.type`, `${place}: ${at}: unknown content type: ${typeof type === 'string' ? type : ''}`, 'unsupported_value')
}

function requireText(value: unknown, param: string): string {
  if (typeof value !== 'string') throw fieldError(param, `${param} must be a string`, 'invalid_type')
  return value
}

function readArguments(source: unknown, param: string): Record<string, unknown> {
  const text = requireText(source ?? '', param)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
    throw new AppError('invalid_request', 'failed to parse function call arguments: unexpected end of JSON input', {
      cause,
      details: { param, code: 'invalid_json' },
    })
  }
  if (isObject(value)) return value
  const words = `json: cannot unmarshal ${kindOf(value)} into Go value of type map[string]interface {}`
  throw fieldError(param, `failed to parse function call arguments: ${words}`, 'invalid_json')
}
