// How a family of models marks thinking and tool calls in what it writes: data for MarkedReplyParser.

import type { HeadReader } from './streamed-call.ts'

export interface ReplyFormat {
  thinking?: ThinkingFormat
  calls?: readonly CallFormat[]
  /** Tags that say nothing to the reader (the frame around several calls, the end of a turn). */
  dropped?: readonly string[]
  /** As `dropped`, but only in front of the reply or behind its thinking; white space there says nothing then either. */
  leading?: readonly string[]
  /** White space in front of a tag belongs to the tag and not to the text. */
  trims: boolean
}

export interface ThinkingFormat {
  open: string
  close: string
  /** The prompt has opened it already; an opening tag that the model repeats is dropped. */
  isOpen: boolean
  /** `start`: only as the first word of the reply. */
  where: 'start' | 'anywhere'
  /** A call begins without a closing tag: some models forget it. */
  endsAtCall?: boolean
  /** A name that may stand right behind the opening tag and is no thinking. */
  label?: string
}

export interface CallFormat {
  open: string
  /** `start`: only as the first word of the answer, and the tag is a part of the call ("{"). */
  where: 'start' | 'anywhere'
  /** A reader of the text behind the tag (with `start`: from the tag on). */
  createBlock(): CallBlock
  /** Where the arguments of a block's first call begin, for calls that are given while they are written. */
  readHead?: HeadReader
}

export interface ParsedCall {
  name: string
  arguments: Record<string, unknown>
}

export interface CallBlock {
  /** Sees everything from the block's beginning each time, or from the end of the calls it has given. `ended`: nothing follows. */
  read(text: string, ended: boolean): BlockReading
}

export type BlockReading =
  | { kind: 'more' }
  /** The block's first `length` characters are calls; of these the first `lead` are text. `goes on`: the same block reads the rest. */
  | { kind: 'calls'; calls: ParsedCall[]; length: number; lead?: number; goesOn?: boolean }
  /** No call. The first `length` characters (and the tag) are text, what follows is read anew. */
  | { kind: 'text'; length: number; problem?: string }

/** What stands between the tags; `isClosed` is false where the reply ended first: then only what is surely whole is a call. */
export type CallBody = (body: string, isClosed: boolean) => ParsedCall[] | undefined

/** Calls between an opening and a closing tag. */
export function createTaggedCalls(open: string, close: string, parse: CallBody, readHead?: HeadReader): CallFormat {
  return { open, where: 'anywhere', createBlock: () => createClosedBlock(close, parse), ...(readHead ? { readHead } : {}) }
}

function createClosedBlock(close: string, parse: CallBody): CallBlock {
  let searched = 0
  return {
    read(text, ended) {
      const end = text.indexOf(close, Math.max(0, searched - close.length))
      searched = text.length
      if (end < 0 && !ended) return { kind: 'more' }
      const length = end < 0 ? text.length : end + close.length
      const calls = end < 0 ? parse(withoutPartialEnd(text, close), false) : parse(text.slice(0, end), true)
      if (calls && calls.length > 0) return { kind: 'calls', calls, length }
      return { kind: 'text', length, problem: 'a tool call could not be read' }
    },
  }
}

/** How many characters at the end of `text` may be the beginning of `tag`. */
export function partialTagLength(text: string, tag: string): number {
  for (let length = Math.min(tag.length - 1, text.length); length > 0; length--) {
    if (text.endsWith(tag.slice(0, length))) return length
  }
  return 0
}

function withoutPartialEnd(text: string, tag: string): string {
  return text.slice(0, text.length - partialTagLength(text, tag))
}
