// Reads a reply in which tags mark thinking and tool calls, by the ReplyFormat of its family.
//
// Invariants: every character that is no tag and no call comes out, in order, as thinking or as text; a block that turns out not to be a call
// comes out as text with its tag; only what may still become a tag or a call is held back. The result does not depend on how the reply is cut.

import type { Logprob } from '../event.ts'
import { HeldText, type Piece } from './held-text.ts'
import {
  type BlockReading,
  type CallBlock,
  type CallFormat,
  type ParsedCall,
  partialTagLength,
  type ReplyFormat,
  type ThinkingFormat,
} from './reply-format.ts'
import type { ReplyEvent, ReplyParser, ReplyParserOptions } from './reply-parser.ts'
import { type HeadReader, StreamedCall } from './streamed-call.ts'

type Mode = 'start' | 'text' | 'thinking' | 'call'

interface OpenCall {
  block: CallBlock
  /** Characters of the tag, and of the space in front of it, before the block; 0 once the block has given calls. */
  tagLength: number
  hasCalls: boolean
  readHead: HeadReader | undefined
  /** The next call of the block, where calls are given while they are written. */
  next: StreamedCall | undefined
}

export class MarkedReplyParser implements ReplyParser {
  readonly #format: ReplyFormat
  readonly #options: ReplyParserOptions
  readonly #held = new HeldText()
  #events: ReplyEvent[] = []
  #mode: Mode = 'start'
  #mayThinkAtStart: boolean
  #eatsSpace = false
  #hasText = false
  /** What may stand at the very beginning of the thinking and is dropped: a repeated opening tag, a label. */
  #thinkingPrefixes: string[] = []
  #call: OpenCall | undefined
  #callCount = 0
  #ended = false

  constructor(format: ReplyFormat, options: ReplyParserOptions) {
    this.#format = format
    this.#options = options
    this.#mayThinkAtStart = format.thinking !== undefined
    this.#eatsSpace = format.leading !== undefined
    if (format.thinking?.isOpen) this.#enterThinking(format.thinking, [format.thinking.open])
  }

  push(text: string, logprobs?: Logprob[]): ReplyEvent[] {
    this.#held.append(text, logprobs)
    return this.#run()
  }

  end(): ReplyEvent[] {
    this.#ended = true
    this.#run()
    this.#emit(this.#mode === 'thinking' ? 'thinking-delta' : 'text-delta', this.#held.take(this.#held.text.length))
    return this.#events.splice(0)
  }

  #run(): ReplyEvent[] {
    while (this.#step());
    return this.#ended ? this.#events : this.#events.splice(0)
  }

  /** True when the mode or the text changed so that there is more to do. */
  #step(): boolean {
    if (this.#eatsSpace) {
      if (!this.#eatSpace()) return false
      this.#eatsSpace = false
    }
    if (this.#held.text === '' && !(this.#ended && this.#mode === 'call')) return false
    switch (this.#mode) {
      case 'start':
        return this.#stepStart()
      case 'text':
        return this.#stepText()
      case 'thinking':
        return this.#stepThinking()
      case 'call':
        return this.#stepCall()
    }
  }

  /** Space behind a tag, and tags that say nothing; true when something else follows. Where it stands between two texts it is text. */
  #eatSpace(): boolean {
    const partsTexts = this.#mode === 'text' && this.#hasText
    const openCalls = partsTexts ? (this.#format.calls ?? []).filter(({ where }) => where === 'anywhere').map(({ open }) => open) : []
    const leading = this.#mode === 'start' ? (this.#format.leading ?? []) : []
    const dropped = this.#mode === 'thinking' ? [] : [...(this.#format.dropped ?? []), ...leading]
    while (true) {
      const spaceLength = leadingSpaceLength(this.#held.text)
      const text = this.#held.text.slice(spaceLength)
      const tag = dropped.find((candidate) => text.startsWith(candidate))
      const isDecided = text !== '' && (this.#ended || ![...dropped, ...openCalls].some((candidate) => isPartOf(candidate, text)))
      const isText = partsTexts && tag === undefined && !openCalls.some((open) => text.startsWith(open))
      if (!isText || (this.#ended && text === '')) this.#held.drop(spaceLength)
      if (tag === undefined) return isDecided
      this.#held.drop(tag.length)
    }
  }

  #stepStart(): boolean {
    const thinking = this.#mayThinkAtStart ? this.#format.thinking : undefined
    const spaceLength = leadingSpaceLength(this.#held.text)
    const first = this.#held.text.slice(spaceLength)
    if (thinking && first.startsWith(thinking.open)) {
      this.#held.drop(spaceLength + thinking.open.length)
      this.#enterThinking(thinking, [])
      return true
    }
    const calls = this.#format.calls?.filter((format) => format.where === 'start') ?? []
    const call = calls.find((format) => first.startsWith(format.open))
    if (call) {
      if (this.#format.trims) this.#held.drop(spaceLength)
      else this.#emit('text-delta', this.#held.take(spaceLength))
      this.#enterCall(call, 0)
      return true
    }
    const tags = [...(thinking ? [thinking.open] : []), ...calls.map((format) => format.open)]
    if (!this.#ended && tags.some((tag) => tag.startsWith(first))) return false
    this.#mode = 'text'
    return true
  }

  #stepText(): boolean {
    const { thinking, calls = [], dropped = [] } = this.#format
    const openCalls = calls.filter((format) => format.where === 'anywhere')
    const openThinking = thinking?.where === 'anywhere' ? [thinking.open] : []
    const found = this.#giveUntil('text-delta', [...openThinking, ...openCalls.map((format) => format.open), ...dropped])
    if (found === undefined) return false
    const call = openCalls.find((format) => format.open === found.tag)
    if (call) {
      this.#enterCall(call, found.at + found.tag.length)
    } else if (thinking && found.tag === thinking.open) {
      this.#held.drop(found.at + found.tag.length)
      this.#enterThinking(thinking, [])
    } else this.#held.dropAt(found.at, found.tag.length)
    return true
  }

  #stepThinking(): boolean {
    const prefix = this.#thinkingPrefixes[0]
    if (prefix !== undefined) {
      const text = this.#held.text.trimStart()
      if (!this.#ended && text.length < prefix.length && prefix.startsWith(text)) return false
      this.#thinkingPrefixes.shift()
      if (!text.startsWith(prefix)) return true
      this.#held.drop(this.#held.text.length - text.length + prefix.length)
      this.#eatsSpace = true
      return true
    }
    const { thinking, calls = [] } = this.#format
    const close = thinking?.close ?? ''
    const enders = thinking?.endsAtCall ? calls.filter((format) => format.where === 'anywhere').map((format) => format.open) : []
    const found = this.#giveUntil('thinking-delta', [close, ...enders])
    if (found === undefined) return false
    this.#mode = 'text'
    if (found.tag === close) {
      this.#held.drop(found.at + close.length)
      this.#eatsSpace = true
      this.#mode = 'start'
    }
    return true
  }

  /** Gives everything up to the first of the tags, and says where it stands then. Without a tag, what may become one is held back. */
  #giveUntil(type: 'text-delta' | 'thinking-delta', tags: readonly string[]): { tag: string; at: number } | undefined {
    const text = this.#held.text
    let end = text.length
    let tag: string | undefined
    for (const candidate of tags) {
      const index = text.indexOf(candidate)
      if (index < 0 || index > end || (index === end && candidate.length <= (tag?.length ?? 0))) continue
      end = index
      tag = candidate
    }
    if (tag === undefined && !this.#ended) end -= Math.max(0, ...tags.map((candidate) => partialTagLength(text, candidate)))
    const isLast = this.#ended && tag === undefined
    const given = this.#format.trims && !isLast ? text.slice(0, end).trimEnd().length : end
    this.#emit(type, this.#held.take(given))
    return tag === undefined ? undefined : { tag, at: end - given }
  }

  #stepCall(): boolean {
    const call = this.#call
    if (!call) return false
    const text = this.#held.text.slice(call.tagLength)
    const reading = call.block.read(text, this.#ended)
    if (call.next) for (const event of call.next.see(text.slice(0, this.#reach(reading, text)))) this.#events.push(event)
    if (reading.kind === 'more') return false
    if (reading.kind === 'text') {
      if (reading.problem !== undefined) this.#options.warn?.(reading.problem)
      if (call.next?.isBegun) return this.#endBegun(call, call.next, text.slice(0, this.#reach(reading, text)))
      if (call.hasCalls) this.#eatsSpace = true
      this.#emit('text-delta', this.#held.take(call.tagLength + reading.length))
      this.#mode = 'text'
      return true
    }
    this.#held.drop(call.tagLength)
    const lead = reading.lead ?? 0
    if (lead > 0) this.#emit('text-delta', this.#held.take(lead))
    if (reading.calls.length > 0) this.#emitCalls(reading.calls, this.#held.take(reading.length - lead).logprobs, call.next)
    else this.#held.drop(reading.length - lead)
    this.#call = { ...call, tagLength: 0, hasCalls: true, next: this.#startCall(call.readHead) }
    if (!reading.goesOn) {
      this.#mode = 'text'
      this.#eatsSpace = true
    }
    return true
  }

  #enterCall(format: CallFormat, tagLength: number): void {
    const { readHead } = format
    this.#call = { block: format.createBlock(), tagLength, hasCalls: false, readHead, next: this.#startCall(readHead) }
    this.#mode = 'call'
  }

  #startCall(readHead: HeadReader | undefined): StreamedCall | undefined {
    const { streamsCallsFrom: fromCharacters, createCallId } = this.#options
    if (!readHead || fromCharacters === undefined) return undefined
    return new StreamedCall({ readHead, fromCharacters, begin: () => ({ id: createCallId(), index: this.#callCount++ }) })
  }

  /** How much of the block the reading speaks of. */
  #reach(reading: BlockReading, text: string): number {
    if (reading.kind === 'more' || (this.#ended && reading.length === 0)) return text.length
    return reading.length
  }

  /** The block turned out to be no call after one was begun: what was given stays given, and what stands behind it is text. */
  #endBegun({ tagLength }: OpenCall, begun: StreamedCall, text: string): boolean {
    const frame = /^[\s}\])]*/.exec(text.slice(begun.length))?.[0].length ?? 0
    const { logprobs } = this.#held.take(tagLength + begun.length + frame)
    this.#endStreamed(begun, undefined, logprobs)
    this.#mode = 'text'
    this.#eatsSpace = true
    return true
  }

  #enterThinking(thinking: ThinkingFormat, prefixes: string[]): void {
    this.#mode = 'thinking'
    this.#mayThinkAtStart = false
    this.#eatsSpace = true
    this.#thinkingPrefixes = thinking.label === undefined ? prefixes : [...prefixes, thinking.label]
  }

  #emitCalls(calls: readonly ParsedCall[], logprobs: Logprob[] | undefined, begun: StreamedCall | undefined): void {
    for (const [position, parsed] of calls.entries()) {
      if (position === 0 && begun?.isBegun) {
        this.#endStreamed(begun, parsed, logprobs)
        continue
      }
      const { name, arguments: args } = parsed
      const call = { id: this.#options.createCallId(), function: { index: this.#callCount++, name, arguments: args } }
      this.#events.push({ type: 'tool-call', call, ...(position === 0 && logprobs ? { logprobs } : {}) })
    }
  }

  #endStreamed(begun: StreamedCall, parsed: ParsedCall | undefined, logprobs: Logprob[] | undefined): void {
    for (const event of begun.end(parsed)) {
      this.#events.push(logprobs && event.type !== 'tool-call-piece' ? { ...event, logprobs } : event)
    }
  }

  #emit(type: 'text-delta' | 'thinking-delta', piece: Piece): void {
    if (type === 'text-delta' && piece.text.trim() !== '') this.#hasText = true
    if (piece.text !== '' || piece.logprobs) this.#events.push({ type, ...piece })
  }
}

function isPartOf(tag: string, text: string): boolean {
  return text.length < tag.length && tag.startsWith(text)
}

function leadingSpaceLength(text: string): number {
  return text.length - text.trimStart().length
}
