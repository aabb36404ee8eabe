// gpt-oss: the reply is a row of messages, <|start|>assistant<|channel|>NAME to=RECIPIENT <|constrain|>json<|message|>…<|end|>, whose first
// <|start|>assistant stands in the prompt. Channel `analysis` is thinking, a recipient makes a tool call, all else is text.
//
// A header that does not look like one, and a call that is no JSON, come out as text.

import { toHarmonyNames } from './harmony-names.ts'
import { HeldText, type Piece } from './held-text.ts'
import { parseArguments } from './json-calls.ts'
import { partialTagLength } from './reply-format.ts'
import type { ReplyEvent, ReplyParser, ReplyParserOptions } from './reply-parser.ts'

const START = '<|start|>'
const MESSAGE = '<|message|>'
const CHANNEL = '<|channel|>'
const ENDS = ['<|end|>', '<|return|>', '<|call|>'] as const
/** What a header may begin with where <|start|>assistant was the prompt's or is missing. */
const HEADER_BEGINNINGS = [CHANNEL, '<|constrain|>', MESSAGE, 'to='] as const

/** A header is a few words; more is the model's text. */
const MAX_HEADER_CHARACTERS = 512

/** The header of the message that is the answer. */
export const HARMONY_THINKING_END = `${CHANNEL}final${MESSAGE}`

export const HARMONY_TOKENS: readonly string[] = [START, '<|end|>', MESSAGE, CHANNEL, '<|constrain|>']

type State = { kind: 'between' } | { kind: 'header' } | { kind: 'message'; recipient?: string; isThinking: boolean }

export class HarmonyParser implements ReplyParser {
  readonly #options: ReplyParserOptions
  readonly #originalNames: ReadonlyMap<string, string>
  readonly #held = new HeldText()
  #events: ReplyEvent[] = []
  #state: State
  #callCount = 0
  #ended = false

  constructor(options: ReplyParserOptions) {
    this.#options = options
    this.#originalNames = new Map([...toHarmonyNames(options.tools)].map(([original, name]) => [name, original]))
    const open = options.promptTail.slice(options.promptTail.lastIndexOf(START) + 1)
    const header = open.includes(MESSAGE) && !ENDS.some((end) => open.includes(end)) ? open.slice(0, open.indexOf(MESSAGE)) : undefined
    this.#state = header === undefined ? { kind: 'between' } : toMessage(header)
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
    if (!this.#ended && [START, ...HEADER_BEGINNINGS, ...ENDS].some((tag) => tag.length > text.length && tag.startsWith(text))) return false
    const end = ENDS.find((tag) => text.startsWith(tag))
    if (end !== undefined) {
      this.#held.drop(this.#held.text.length - text.length + end.length)
      return true
    }
    const isHeader = text.startsWith(START) || HEADER_BEGINNINGS.some((tag) => text.startsWith(tag))
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
    this.#state = toMessage(text.slice(0, end))
    this.#held.drop(end + MESSAGE.length)
    return true
  }

  #stepMessage(message: State & { kind: 'message' }): boolean {
    const text = this.#held.text
    const [at, tag] = findFirst(text, [...ENDS, START])
    if (message.recipient !== undefined) {
      if (tag === undefined && !this.#ended) return false
      this.#emitCall(message.recipient, this.#held.take(at))
    } else {
      const held = tag === undefined && !this.#ended ? Math.max(...[...ENDS, START].map((end) => partialTagLength(text, end))) : 0
      this.#emit(message.isThinking ? 'thinking-delta' : 'text-delta', this.#held.take(at - held))
      if (tag === undefined) return false
    }
    if (tag !== undefined && tag !== START) this.#held.drop(tag.length)
    this.#state = { kind: 'between' }
    return tag !== undefined
  }

  #emitCall(recipient: string, { text, logprobs }: Piece): void {
    const name = recipient.replace(/^functions\./, '')
    const args = parseArguments(text)
    if (!args) {
      this.#options.warn?.('a tool call is not JSON')
      this.#emit('text-delta', logprobs ? { text, logprobs } : { text })
      return
    }
    const call = { name: this.#originalNames.get(name) ?? name, index: this.#callCount++, arguments: args }
    this.#events.push({ type: 'tool-call', call: { id: this.#options.createCallId(), function: call }, ...(logprobs ? { logprobs } : {}) })
  }

  #emit(type: 'text-delta' | 'thinking-delta', piece: Piece): void {
    if (piece.text !== '' || piece.logprobs) this.#events.push({ type, ...piece })
  }
}

/** `<|start|>assistant<|channel|>commentary to=functions.now <|constrain|>json`; the recipient may stand before or behind the channel. */
function toMessage(header: string): State & { kind: 'message' } {
  const channel = /<\|channel\|>\s*([^\s<]+)/.exec(header)?.[1]
  const recipient = /(?:^|\s|>|assistant)to=([^\s<]+)/.exec(header)?.[1]
  return { kind: 'message', isThinking: channel === 'analysis', ...(recipient === undefined ? {} : { recipient }) }
}

function findFirst(text: string, tags: readonly string[]): [at: number, tag: string | undefined] {
  let first: [number, string | undefined] = [text.length, undefined]
  for (const tag of tags) {
    const at = text.indexOf(tag)
    if (at >= 0 && at < first[0]) first = [at, tag]
  }
  return first
}
