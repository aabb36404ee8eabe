// One content block of a message as what the domain keeps of it. Texts of documents and search results become text with tags around, since no
// template knows them; images are decoded here, and never fetched. A kind of block that cannot be shown to the model is refused.

import { decodeBase64 } from '../../api/base64.ts'
import { isAppError } from '../../base/errors.ts'
import { isRecord } from '../../base/json.ts'
import type { ToolCall } from '../../chat/message.ts'
import { fieldError, wordedError } from './errors.ts'
import type { Notes } from './notes.ts'
import { readSignature } from './signature.ts'

export type Block = Record<string, unknown>

export interface ToolResult {
  toolCallId: string
  text: string
  images: Uint8Array[]
}

export type Piece =
  | { type: 'text'; text: string }
  | { type: 'image'; image: Uint8Array }
  | { type: 'thinking'; text: string }
  | { type: 'call'; call: ToolCall }
  | { type: 'result'; result: ToolResult }
  | { type: 'nothing' }

export interface BlockContext {
  /** As Anthropic names it: `messages.0.content.1`. */
  place: string
  notes: Notes
  /** The kinds that may stand here, so that blocks cannot nest without end; all where it is absent. */
  allowed?: readonly string[]
}

/** What each kind may say; the rest is noted. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  text: ['type', 'text', 'cache_control'],
  image: ['type', 'source', 'cache_control'],
  document: ['type', 'source', 'title', 'context', 'citations', 'cache_control'],
  search_result: ['type', 'source', 'title', 'content', 'citations', 'cache_control'],
  thinking: ['type', 'thinking', 'signature', 'cache_control'],
  tool_use: ['type', 'id', 'name', 'input', 'caller', 'cache_control'],
  tool_result: ['type', 'tool_use_id', 'content', 'is_error', 'cache_control'],
}
/** Calls and results of tools that ran on Anthropic's servers in earlier turns are history like any other. */
const SERVER_CALLS = ['server_tool_use', 'mcp_tool_use']
const RESULT_KINDS = ['text', 'image', 'document', 'search_result']
const SERVER_RESULT = /^[a-z_]+_tool_result$/

/** Throws `invalid_request`. */
export function readBlock(block: unknown, { place, notes, allowed }: BlockContext): Piece {
  if (!isRecord(block)) throw fieldError(place, 'a content block must be an object')
  const type = typeof block.type === 'string' ? block.type : ''
  if (allowed?.includes(type) === false) throw fieldError(place, `only blocks of type ${allowed.join(', ')} are allowed here`)
  const kind = SERVER_CALLS.includes(type) ? 'tool_use' : type
  const known = FIELDS[kind]
  if (known && Object.hasOwn(FIELDS, kind)) notes.unused(`messages.${type}`, block, known)
  const context = { place, notes }
  switch (kind) {
    case 'text':
      return { type: 'text', text: requireText(block.text, `${place}.text`) }
    case 'image':
      return { type: 'image', image: readImage(block.source, `${place}.source`) }
    case 'document':
      return readDocument(block, context)
    case 'search_result':
      return readSearchResult(block, context)
    case 'thinking':
      return { type: 'thinking', text: readSignature(block.signature) ?? requireText(block.thinking, `${place}.thinking`) }
    case 'redacted_thinking':
      // Only Anthropic can read what it encrypted.
      notes.add('messages.redacted_thinking')
      return { type: 'nothing' }
    case 'tool_use':
      return { type: 'call', call: readCall(block, place) }
    case 'tool_result':
      return { type: 'result', result: readResult(block, context) }
  }
  if (SERVER_RESULT.test(type)) return { type: 'result', result: readServerResult(block, place) }
  throw fieldError(place, `content blocks of type ${JSON.stringify(type)} are not supported`)
}

export function requireText(value: unknown, place: string): string {
  if (typeof value !== 'string') throw fieldError(place, 'must be a string')
  return value
}

function readImage(source: unknown, place: string): Uint8Array {
  if (!isRecord(source)) throw wordedError(place, 'invalid image source')
  if (source.type !== 'base64') {
    const type = typeof source.type === 'string' ? source.type : ''
    throw wordedError(place, `invalid image source type: ${type}. Only base64 images are supported.`)
  }
  try {
    return decodeBase64(requireText(source.data, `${place}.data`))
  } catch (error) {
    if (!isAppError(error) || 'param' in error.details) throw error
    throw wordedError(`${place}.data`, `invalid base64 image data: ${error.message}`)
  }
}

function readCall(block: Block, place: string): ToolCall {
  const { id, name, input } = block
  if (typeof id !== 'string' || id === '') throw wordedError(place, "tool_use block missing required 'id' field")
  if (typeof name !== 'string' || name === '') throw wordedError(place, "tool_use block missing required 'name' field")
  if (input !== undefined && input !== null && !isRecord(input)) throw fieldError(`${place}.input`, 'must be an object')
  return { id, function: { index: 0, name, arguments: isRecord(input) ? input : {} } }
}

function readResult(block: Block, { place, notes }: BlockContext): ToolResult {
  const { content, is_error: failed } = block
  const images: Uint8Array[] = []
  let text = ''
  if (typeof content === 'string') text = content
  else if (Array.isArray(content)) {
    content.forEach((part: unknown, index) => {
      const piece = readBlock(part, { place: `${place}.content.${index}`, notes, allowed: RESULT_KINDS })
      if (piece.type === 'text') text += piece.text
      else if (piece.type === 'image') images.push(piece.image)
    })
  } else if (content !== undefined && content !== null) throw fieldError(`${place}.content`, 'must be a string or a list of blocks')
  return { toolCallId: readId(block, place), text: failed === true ? markError(text) : text, images }
}

/** Templates know no failed call: the model is told in words. */
function markError(text: string): string {
  return /^error\b/i.test(text) ? text : `Error: ${text}`
}

/** Their content has many shapes; the model reads it as it stands. */
function readServerResult(block: Block, place: string): ToolResult {
  return { toolCallId: readId(block, place), text: JSON.stringify(block.content ?? ''), images: [] }
}

/** wire: a result may belong to no call. */
function readId(block: Block, place: string): string {
  return requireText(block.tool_use_id ?? '', `${place}.tool_use_id`)
}

function readDocument(block: Block, context: BlockContext): Piece {
  const { place } = context
  refuseCitations(block, place)
  const text = readDocumentSource(block.source, { ...context, place: `${place}.source` })
  const about = typeof block.context === 'string' && block.context !== '' ? `<context>${block.context}</context>\n` : ''
  return { type: 'text', text: tagged('document', { title: block.title }, about + text) }
}

function readDocumentSource(source: unknown, context: BlockContext): string {
  const { place } = context
  if (!isRecord(source)) throw fieldError(place, 'a document needs a source')
  if (source.type === 'text') return requireText(source.data, `${place}.data`)
  if (source.type === 'content') {
    if (typeof source.content === 'string') return source.content
    return readTexts(source.content, { ...context, place: `${place}.content` })
  }
  throw fieldError(`${place}.type`, `documents from ${JSON.stringify(source.type)} are not supported: send their text`)
}

function readSearchResult(block: Block, context: BlockContext): Piece {
  refuseCitations(block, context.place)
  const text = readTexts(block.content, { ...context, place: `${context.place}.content` })
  return { type: 'text', text: tagged('search_result', { title: block.title, source: block.source }, text) }
}

function readTexts(content: unknown, { place, notes }: BlockContext): string {
  if (!Array.isArray(content)) throw fieldError(place, 'must be a list of text blocks')
  const texts = content.map((part: unknown, index) => {
    const piece = readBlock(part, { place: `${place}.${index}`, notes, allowed: ['text'] })
    return piece.type === 'text' ? piece.text : ''
  })
  return texts.join('\n')
}

function refuseCitations({ citations }: Block, place: string): void {
  if (isRecord(citations) && citations.enabled === true) throw fieldError(`${place}.citations`, 'citations are not supported')
}

function tagged(tag: string, attributes: Record<string, unknown>, text: string): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => typeof value === 'string' && value !== '')
    .map(([name, value]) => ` ${name}=${JSON.stringify(value)}`)
  return `<${tag}${written.join('')}>\n${text}\n</${tag}>\n`
}
