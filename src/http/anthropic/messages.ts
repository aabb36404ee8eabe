// Messages of Anthropic's dialect as the domain's. Results of tools come before what the user says beside them, as they answer the turn before;
// a result knows the name of its tool from the call that has its id.

import { type Field, list, wrongType } from '../../api/fields.ts'
import { isRecord } from '../../base/json.ts'
import type { Message, ToolCall } from '../../chat/message.ts'
import { type Piece, readBlock } from './blocks.ts'
import { fieldError } from './errors.ts'
import type { Notes } from './notes.ts'

export interface WireMessage {
  role: string
  content: string | unknown[]
}

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
    if (!isRecord(value)) throw wrongType(value, place, 'anthropic.MessageParam')
    const { role = '', content } = value
    if (typeof role !== 'string') throw wrongType(role, place, 'string')
    if (content === undefined) throw fieldError('messages.content', 'is required')
    if (typeof content !== 'string' && !Array.isArray(content)) throw wrongType(content, place, '[]anthropic.ContentBlock')
    return { role, content }
  },
}

export const messages = list(message, '[]anthropic.MessageParam')

const ROLES = ['user', 'assistant', 'system']

/** Throws `invalid_request`. */
export function toMessages(wire: readonly WireMessage[], notes: Notes): Message[] {
  const names = new Map<string, string>()
  return wire.flatMap(({ role, content }, index) => {
    const place = `messages.${index}`
    if (!ROLES.includes(role)) throw fieldError(`${place}.role`, 'must be user, assistant or system')
    if (typeof content === 'string') return [{ role, content }]
    const pieces = content.map((block, at) => readBlock(block, { place: `${place}.content.${at}`, notes }))
    for (const piece of pieces) if (piece.type === 'call') names.set(piece.call.id ?? '', piece.call.function.name)
    const results = pieces.flatMap((piece) => toResult(piece, names))
    const said = toMessage(role, pieces)
    if (role === 'assistant') return [said, ...results]
    const isResultsAlone = results.length > 0 && pieces.every(({ type }) => type === 'result')
    return isResultsAlone ? results : [...results, said]
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
