// The input of a response as the domain's messages: a text, or items of a conversation. Items that belong to one turn of the assistant (reasoning,
// text, calls) become one message; results know the name of their function from the call that has their id.

import { type Decoded, holdsInfinity, kindOf } from '../../api/fields.ts'
import { explainMalformed } from '../../api/json-scan.ts'
import { AppError } from '../../base/errors.ts'
import { isRecord } from '../../base/json.ts'
import type { Message, ToolCall } from '../../chat/message.ts'
import { fieldError, unsupported } from './errors.ts'
import { decodeImageUrl } from './messages.ts'
import {
  callItem,
  type InputPlace,
  imagePart,
  itemKind,
  messageItem,
  partKind,
  readFields,
  reasoningItem,
  resultItem,
  textPart,
} from './responses-item-fields.ts'

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
    conversation.add(item, { param: `input[${index}]`, words: `input[${index}]: ` })
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

  add(item: unknown, place: InputPlace): void {
    const { type = '', role = '' } = readFields(item, itemKind, place)
    switch (type === '' && role !== '' ? 'message' : type) {
      case 'message':
        this.#addMessage(readFields(item, messageItem, place), place)
        return
      case 'function_call':
        this.#addCall(readFields(item, callItem, place), place)
        return
      case 'function_call_output':
        this.#addResult(readFields(item, resultItem, place), place)
        return
      case 'reasoning':
        this.#thinking += readReasoning(readFields(item, reasoningItem, place))
        return
      case 'web_search_call':
        // A search that ran on other servers: what was found stands in the message behind it.
        this.#warnings.push('input.web_search_call')
        return
    }
    throw unknownItem(type, place)
  }

  end(): Message[] {
    if (this.#thinking !== '') this.#turn()
    return this.#messages
  }

  #addMessage({ role: sent = '', content }: Decoded<typeof messageItem.fields>, place: InputPlace): void {
    const role = sent.toLowerCase()
    if (!ROLES.includes(role)) throw fieldError(`${place.param}.role`, `${place.words}role must be user, assistant, system or developer`)
    const { text, images } = readContent(content, { ...place, key: 'content' })
    if (role !== 'assistant') {
      this.#messages.push({ role, content: text, ...(images.length > 0 ? { images } : {}) })
      return
    }
    const turn = this.#turn()
    turn.content += text
    if (images.length > 0) turn.images = [...(turn.images ?? []), ...images]
  }

  #addCall({ call_id: id, name, arguments: source = '' }: Decoded<typeof callItem.fields>, { param, words }: InputPlace): void {
    if (!name) throw fieldError(`${param}.name`, `${words}a function_call needs a name`, 'missing_required_parameter')
    const turn = this.#turn()
    const calls = turn.toolCalls ?? []
    const call: ToolCall = {
      ...(id ? { id } : {}),
      function: { index: calls.length, name, arguments: readArguments(source, `${param}.arguments`) },
    }
    turn.toolCalls = [...calls, call]
    this.#remember([call])
  }

  #addResult({ call_id: id, output }: Decoded<typeof resultItem.fields>, place: InputPlace): void {
    if (!id)
      throw fieldError(`${place.param}.call_id`, `${place.words}a function_call_output needs a call_id`, 'missing_required_parameter')
    const { text, images } = readContent(output, { ...place, key: 'output' })
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

function unknownItem(type: string, { param, words }: InputPlace): AppError {
  if (type === '') return fieldError(param, `${words}input item missing required 'type' field`, 'missing_required_parameter')
  return unsupported(`${param}.type`, `${words}unknown input item type: ${JSON.stringify(type)}`, 'unsupported_value')
}

/** What Llamero gives as `encrypted_content` is the reasoning itself; others may send their own text of it. */
function readReasoning({ encrypted_content: whole, content, summary = [] }: Decoded<typeof reasoningItem.fields>): string {
  if (whole) return whole
  const parts: unknown[] = Array.isArray(content) && content.length > 0 ? content : summary
  return parts.map((part) => (isRecord(part) && typeof part.text === 'string' ? part.text : '')).join('')
}

function readContent(content: unknown, { param, words, key }: InputPlace & { key: string }): Content {
  if (content === undefined) return { text: '', images: [] }
  if (typeof content === 'string') return { text: content, images: [] }
  if (!Array.isArray(content)) {
    const wrong = `${key} must be a string or array: json: cannot unmarshal ${kindOf(content)} into Go value of type []json.RawMessage`
    throw fieldError(`${param}.${key}`, words + wrong, 'invalid_type')
  }
  let text = ''
  const images: Uint8Array[] = []
  content.forEach((part: unknown, index) => {
    const read = readPart(part, { param: `${param}.${key}[${index}]`, words: `${words}${key}[${index}]: ` })
    if (typeof read === 'string') text += read
    else images.push(read)
  })
  return { text, images }
}

function readPart(part: unknown, place: InputPlace): string | Uint8Array {
  const { param, words } = place
  const { type = '' } = readFields(part, partKind, place)
  switch (type) {
    case 'input_text':
    case 'output_text':
      return readFields(part, textPart, place).text ?? ''
    case 'refusal':
      return readRefusal(part, `${param}.refusal`)
    case 'input_image': {
      const { image_url: url } = readFields(part, imagePart, place)
      if (!url) throw unsupported(`${param}.file_id`, 'images need an image_url: there are no files here')
      return decodeImageUrl(url, `${param}.image_url`)
    }
    case 'input_file':
      throw unsupported(param, 'file inputs are not currently supported', 'unsupported_value')
  }
  throw unsupported(`${param}.type`, `${words}unknown content type: ${type}`, 'unsupported_value')
}

function readRefusal(part: unknown, param: string): string {
  const refusal = isRecord(part) ? part.refusal : undefined
  if (typeof refusal !== 'string') throw fieldError(param, `${param} must be a string`, 'invalid_type')
  return refusal
}

/** wire: an empty text and null are a call without arguments, and these are Ollama's words for what is no object. */
function readArguments(source: string, param: string): Record<string, unknown> {
  if (source === '') return {}
  const refuse = (reason: string, cause?: unknown) =>
    new AppError('invalid_request', `failed to parse function call arguments: ${reason}`, {
      cause,
      details: { param, code: 'invalid_json' },
    })
  let value: unknown
  try {
    value = JSON.parse(source)
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
    throw refuse(explainMalformed(source), cause)
  }
  if (value === null) return {}
  if (!isRecord(value)) throw refuse("Value looks like object, but can't find closing '}' symbol")
  if (holdsInfinity(value)) throw refuse('a number is beyond all that can be held')
  return value
}
