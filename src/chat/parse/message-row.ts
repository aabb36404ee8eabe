// A reply that is a row of messages, <|start|>assistant HEADER<|message|>…<|end|>, whose first <|start|>assistant stands in the prompt. What is
// in a header tells whether the message is thinking, text, or a call; a family says how (MessageRow).
//
// A header that does not look like one, and a call that cannot be read, come out as text.

import type { Logprob } from '../event.ts'
import { HeldText, type Piece } from './held-text.ts'
import { type ParsedCall, partialTagLength } from './reply-format.ts'
import type { ReplyEvent, ReplyParser, ReplyParserOptions } from './reply-parser.ts'
import { type CallHead, StreamedCall } from './streamed-call.ts'

export interface MessageRow {
  /** Each ends a message. */
  ends: readonly string[]
  /** What a header may begin with where <|start|>assistant was the prompt's or is missing. */
  headerBeginnings: readonly string[]
  /** A recipient makes a tool call. */
  readHeader(header: string): { recipient?: string; isThinking: boolean }
  /** The recipient is empty where the message had none and began with `callMark`. Undefined: it is text. */
  parseCall(recipient: string, body: string): ParsedCall[] | undefined
  /** For calls that are given while they are written. Sees the body. */
  readHead(recipient: string, body: string): CallHead | undefined
  /** A text that begins with this may be a call whose header the model has forgotten. */
  callMark?: string
}

export const START = '<|start|>'
export const MESSAGE = '<|message|>'

/** A header is a few words; more is the model's text. */
const MAX_HEADER_CHARACTERS = 512

interface MessageState {
  kind: 'message'
  recipient?: string
  isThinking: boolean
  /** Not yet known: the text may begin with this. */
  mayCall?: string
}

type State = { kind: 'between' } | { kind: 'header' } | MessageState

export class MessageRowParser implements ReplyParser {
  readonly #options: ReplyParserOptions
  readonly #row: MessageRow
  readonly #marks: readonly string[]
  readonly #held = new HeldText()
  #events: ReplyEvent[] = []
  #state: State
  /** The call of the message that is read. */
  #call: StreamedCall | undefined
  #callCount = 0
  #ended = false

  constructor(row: MessageRow, options: ReplyParserOptions) {
    this.#row = row
    this.#options = options
    this.#marks = [...row.ends, START]
    const open = options.promptTail.slice(options.promptTail.lastIndexOf(START) + 1)
    const header = open.includes(MESSAGE) && !row.ends.some((end) => open.includes(end)) ? open.slice(0, open.indexOf(MESSAGE)) : undefined
    this.#state = header === undefined ? { kind: 'between' } : this.#toMessage(header)
  }

  push(text: string, logprobs?: Parameters<ReplyParser['push']>[1]): ReplyEvent[] {
    this.#held.append(text, logprobs)
    while (this.#step());
    return this.#events.splice(0)
  }

  end(): ReplyEvent[] {
    this.#ended = true
    while (this.#step());
    this.#emit('text-delta', this.#held.take(this.#held.text.length))
    return this.#events.splice(0)
  }

  #step(): boolean {
    if (this.#held.text === '' && !this.#ended) return false
    if (this.#state.kind === 'between') return this.#stepBetween()
    return this.#state.kind === 'header' ? this.#stepHeader() : this.#stepMessage(this.#state)
  }

  /** Behind <|end|>, or at the beginning: a header, or text without one. */
  #stepBetween(): boolean {
    const text = this.#held.text.trimStart()
    if (text === '') return false
    if (!this.#ended && [...this.#marks, ...this.#row.headerBeginnings].some((tag) => tag.length > text.length && tag.startsWith(text)))
      return false
    const end = this.#row.ends.find((tag) => text.startsWith(tag))
    if (end !== undefined) {
      this.#held.drop(this.#held.text.length - text.length + end.length)
      return true
    }
    const isHeader = text.startsWith(START) || this.#row.headerBeginnings.some((tag) => text.startsWith(tag))
    this.#state = isHeader ? { kind: 'header' } : { kind: 'message', isThinking: false }
    return true
  }

  #stepHeader(): boolean {
    const text = this.#held.text
    const end = text.indexOf(MESSAGE)
    // The model stopped before it began another message.
    if (this.#ended && /^\s*<\|start\|>(assistant)?\s*$/.test(text)) this.#held.drop(text.length)
    if (this.#held.text === '') return false
    if (end > MAX_HEADER_CHARACTERS || (end < 0 && (this.#ended || text.length > MAX_HEADER_CHARACTERS + MESSAGE.length))) {
      this.#options.warn?.('the header of a message does not end')
      this.#state = { kind: 'message', isThinking: false }
      this.#emit('text-delta', this.#held.take(Math.min(text.length, MAX_HEADER_CHARACTERS)))
      return true
    }
    if (end < 0) return false
    this.#state = this.#toMessage(text.slice(0, end))
    this.#held.drop(end + MESSAGE.length)
    return true
  }

  #stepMessage(message: MessageState): boolean {
    const text = this.#held.text
    if (message.mayCall) {
      const first = text.trimStart()
      if (!this.#ended && first.length < message.mayCall.length && message.mayCall.startsWith(first)) return false
      this.#state = { kind: 'message', isThinking: false, ...(first.startsWith(message.mayCall) ? { recipient: '' } : {}) }
      return true
    }
    const [at, tag] = findFirst(text, this.#marks)
    const held = tag === undefined && !this.#ended ? Math.max(...this.#marks.map((end) => partialTagLength(text, end))) : 0
    if (message.recipient !== undefined) {
      this.#call ??= this.#startCall(message.recipient)
      if (this.#call) this.#events.push(...this.#call.see(text.slice(0, at - held)))
      if (tag === undefined && !this.#ended) return false
      this.#endCall(message.recipient, this.#held.take(at))
    } else {
      this.#emit(message.isThinking ? 'thinking-delta' : 'text-delta', this.#held.take(at - held))
      if (tag === undefined) return false
    }
    if (tag !== undefined && tag !== START) this.#held.drop(tag.length)
    this.#state = { kind: 'between' }
    return tag !== undefined
  }

  #startCall(recipient: string): StreamedCall | undefined {
    const { streamsCallsFrom: fromCharacters, createCallId } = this.#options
    if (fromCharacters === undefined || recipient === '') return undefined
    const readHead = (text: string) => this.#row.readHead(recipient, text)
    return new StreamedCall({ readHead, fromCharacters, begin: () => ({ id: createCallId(), index: this.#callCount++ }) })
  }

  #endCall(recipient: string, piece: Piece): void {
    const call = this.#call
    this.#call = undefined
    const parsed = this.#row.parseCall(recipient, piece.text)
    if (!parsed) this.#options.warn?.('a tool call could not be read')
    if (!call?.isBegun) {
      if (parsed) this.#emitCalls(parsed, piece.logprobs)
      else this.#emit('text-delta', piece)
      return
    }
    for (const event of call.end(parsed?.[0])) {
      this.#events.push(piece.logprobs && event.type !== 'tool-call-piece' ? { ...event, logprobs: piece.logprobs } : event)
    }
    if (parsed) this.#emitCalls(parsed.slice(1), undefined)
    else if (piece.text.slice(call.length).trim() !== '') this.#emit('text-delta', { text: piece.text.slice(call.length) })
  }

  #emitCalls(calls: readonly ParsedCall[], logprobs: Logprob[] | undefined): void {
    for (const [position, { name, arguments: args }] of calls.entries()) {
      const call = { id: this.#options.createCallId(), function: { name, index: this.#callCount++, arguments: args } }
      this.#events.push({ type: 'tool-call', call, ...(position === 0 && logprobs ? { logprobs } : {}) })
    }
  }

  #toMessage(header: string): MessageState {
    const { recipient, isThinking } = this.#row.readHeader(header)
    if (recipient !== undefined) return { kind: 'message', isThinking: false, recipient }
    const { callMark } = this.#row
    return { kind: 'message', isThinking, ...(callMark !== undefined && !isThinking ? { mayCall: callMark } : {}) }
  }

  #emit(type: 'text-delta' | 'thinking-delta', piece: Piece): void {
    if (piece.text !== '' || piece.logprobs) this.#events.push({ type, ...piece })
  }
}

function findFirst(text: string, tags: readonly string[]): [at: number, tag: string | undefined] {
  let first: [number, string | undefined] = [text.length, undefined]
  for (const tag of tags) {
    const at = text.indexOf(tag)
    if (at >= 0 && at < first[0]) first = [at, tag]
  }
  return first
}
