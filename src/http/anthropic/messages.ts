// Messages of Anthropic's dialect as the domain's. Results of tools come before what the user says beside them, as they answer the turn before;
// a result knows the name of its tool from the call that has its id.

import { type Field, flag, joinPath, list, type Place, struct, text, wrongType } from '../../api/fields.ts'
import { isRecord } from '../../base/json.ts'
import type { Message, ToolCall } from '../../chat/message.ts'
import { type Piece, readBlock } from './blocks.ts'
import { fieldError, wordedError } from './errors.ts'
import type { Notes } from './notes.ts'

export interface WireMessage {
  role: string
  content: string | unknown[]
}

/** How Go spells the type that it reads a message into. */
const RAW_MESSAGE = 'struct { Role string "json:\\"role\\""; Content json.RawMessage "json:\\"content\\"" }'

const message: Field<WireMessage> = {
  zero: { role: '', content: '' },
  schema: {
    type: 'object',
    properties: {
      role: { enum: ['user', 'assistant', 'system'] },
      content: { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'object' } }] },
    },
    required: ['role', 'content'],
  },
  decode(value, place) {
    if (!isRecord(value)) throw wrongType(value, place, RAW_MESSAGE)
    const role = text.decode(value.role ?? '', sealed(place, joinPath(place.path, 'role')))
    const { content } = value
    // wire: Go decodes a content that is not there as if it were a body of its own, and finds nothing.
    if (content === undefined) throw wordedError('messages.content', 'unexpected end of JSON input')
    const said = content ?? ''
    if (typeof said !== 'string' && !Array.isArray(said)) throw wrongType(said, place, '[]anthropic.ContentBlock')
    if (Array.isArray(said)) checkBlockTypes(said, place)
    return { role, content: said }
  },
}

export const messages = list(message, '[]anthropic.MessageParam')

const BLOCK_TYPES = struct(
  'ContentBlock',
  { type: text, text, id: text, name: text, tool_use_id: text, is_error: flag, thinking: text, signature: text },
  { goPackage: 'anthropic' },
)
const IMAGE_SOURCE = struct('ImageSource', { type: text, media_type: text, data: text, url: text }, { goPackage: 'anthropic' })

/** Ollama reads every block into one type: what that has of the wrong type is said in its words, before anything else. */
function checkBlockTypes(blocks: readonly unknown[], place: Place): void {
  for (const block of blocks) {
    if (block === null) continue
    BLOCK_TYPES.decode(block, sealed(place, place.path))
    // Only an image's source is of that type; those of documents and search results have their own.
    if (isRecord(block) && block.type === 'image' && block.source !== undefined && block.source !== null)
      IMAGE_SOURCE.decode(block.source, sealed(place, joinPath(place.path, 'source')))
  }
}

/** wire: a message decodes itself, so that errors keep the name of the request. */
function sealed({ struct: name, text: body }: Place, path: string): Place {
  return { struct: name, path, text: body, sealed: true }
}

const ROLES = ['user', 'assistant', 'system']

/** Turns that say nothing are left out, but for the last one where there is no other. Throws `invalid_request`. */
export function toMessages(wire: readonly WireMessage[], notes: Notes): Message[] {
  const all = readMessages(wire, notes)
  const spoken = all.filter(saysSomething)
  return spoken.length > 0 ? spoken : all.slice(-1)
}

function saysSomething({ role, content, thinking, images, toolCalls }: Message): boolean {
  return role === 'tool' || content !== '' || thinking !== undefined || images !== undefined || toolCalls !== undefined
}

function readMessages(wire: readonly WireMessage[], notes: Notes): Message[] {
  const names = new Map<string, string>()
  return wire.flatMap(({ role, content }, index) => {
    const place = `messages.${index}`
    if (!ROLES.includes(role)) throw fieldError(`${place}.role`, 'must be user, assistant or system')
    if (typeof content === 'string') return [{ role, content }]
    const pieces = content.map((block, at) => readBlock(block, { place: `${place}.content.${at}`, notes }))
    for (const piece of pieces) if (piece.type === 'call') names.set(piece.call.id ?? '', piece.call.function.name)
    const results = pieces.flatMap((piece) => toResult(piece, names))
    const said = toMessage(role, pieces)
    return role === 'assistant' ? [said, ...results] : [...results, said]
  })
}

/** `system` is a text or a list of text blocks. Throws `invalid_request`. */
export function toSystemMessages(system: unknown, notes: Notes): Message[] {
  if (system === undefined || system === '') return []
  if (typeof system === 'string') return [{ role: 'system', content: system }]
  if (!Array.isArray(system)) throw fieldError('system', 'must be a string or a list of text blocks')
  const texts = system.map((block: unknown, index) => {
    const piece = readBlock(block, { place: `system.${index}`, notes, allowed: ['text'] })
    return piece.type === 'text' ? piece.text : ''
  })
  const content = texts.join('')
  return content === '' ? [] : [{ role: 'system', content }]
}

/** A message, its block, a part of a tool's result. */
const MARK_DEPTH = 3

/** Whether a prefix of the prompt is marked for the cache: only then does a client count cached tokens apart. */
export function marksCache(list: unknown, depth = MARK_DEPTH): boolean {
  if (!Array.isArray(list) || depth === 0) return false
  return list.some((one) => isRecord(one) && (isRecord(one.cache_control) || marksCache(one.content, depth - 1)))
}

function toMessage(role: string, pieces: readonly Piece[]): Message {
  const images = pieces.flatMap((piece) => (piece.type === 'image' ? [piece.image] : []))
  const thinking = join(pieces, 'thinking')
  const calls = pieces.flatMap((piece) => (piece.type === 'call' ? [piece.call] : []))
  return {
    role,
    content: join(pieces, 'text'),
    ...(thinking === '' ? {} : { thinking }),
    ...(images.length > 0 ? { images } : {}),
    ...(calls.length > 0 ? { toolCalls: calls.map(numberCall) } : {}),
  }
}

function toResult(piece: Piece, names: ReadonlyMap<string, string>): Message[] {
  if (piece.type !== 'result') return []
  const { toolCallId, text, images } = piece.result
  const toolName = names.get(toolCallId)
  return [
    {
      role: 'tool',
      content: text,
      toolCallId,
      ...(toolName === undefined ? {} : { toolName }),
      ...(images.length > 0 ? { images } : {}),
    },
  ]
}

function numberCall(call: ToolCall, index: number): ToolCall {
  return { ...call, function: { ...call.function, index } }
}

function join(pieces: readonly Piece[], type: 'text' | 'thinking'): string {
  return pieces.map((piece) => (piece.type === type ? piece.text : '')).join('')
}
