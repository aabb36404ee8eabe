// A reply must read the same however the runner cuts it. These helpers feed a parser the same reply whole, cut in two at every place, and
// character by character, and join what comes out.

import type { ReplyEvent, ReplyParser } from '../reply-parser.ts'

export type JoinedEvent =
  | { thinking: string }
  | { text: string }
  | { call: string; arguments: Record<string, unknown>; index: number; id: string | undefined; pieces?: string }
  | { cut: string; index: number; pieces: string }

/** Adjacent deltas of one kind joined, log-probabilities left out; the pieces of a call stand with the call. */
export function joinEvents(events: readonly ReplyEvent[]): JoinedEvent[] {
  const joined: JoinedEvent[] = []
  let begun = { name: '', pieces: undefined as string | undefined }
  for (const event of events) {
    const last = joined.at(-1)
    if (event.type === 'tool-call') {
      const { name, arguments: args, index } = event.call.function
      joined.push({
        call: name,
        arguments: args,
        index,
        id: event.call.id,
        ...(begun.pieces === undefined ? {} : { pieces: begun.pieces }),
      })
      begun = { name: '', pieces: undefined }
    } else if (event.type === 'tool-call-begun') begun = { name: event.name, pieces: '' }
    else if (event.type === 'tool-call-piece') begun.pieces += event.text
    else if (event.type === 'tool-call-cut') {
      joined.push({ cut: begun.name, index: event.index, pieces: begun.pieces ?? '' })
      begun = { name: '', pieces: undefined }
    } else if (event.type === 'thinking-delta') {
      if (last && 'thinking' in last) last.thinking += event.text
      else if (event.text !== '') joined.push({ thinking: event.text })
    } else if (last && 'text' in last) last.text += event.text
    else if (event.text !== '') joined.push({ text: event.text })
  }
  return joined
}

export function readReply(parser: ReplyParser, chunks: readonly string[]): JoinedEvent[] {
  return joinEvents([...chunks.flatMap((chunk) => parser.push(chunk)), ...parser.end()])
}

/** The events of the whole reply; throws when any cut of it gives others. */
export function readEveryCut(createParser: () => ReplyParser, reply: string): JoinedEvent[] {
  const whole = readReply(createParser(), [reply])
  const expected = JSON.stringify(whole)
  const cuts = Array.from({ length: reply.length - 1 }, (_, index) => [reply.slice(0, index + 1), reply.slice(index + 1)])
  for (const chunks of [...cuts, reply.split('')]) {
    const actual = JSON.stringify(readReply(createParser(), chunks))
    if (actual !== expected) throw new Error(`cut ${JSON.stringify(chunks)}\n gives ${actual}\n whole ${expected}`)
  }
  return whole
}

/** Ids that count: call_00000000, call_00000001, ... */
export function countingIds(): () => string {
  let next = 0
  return () => `call_${String(next++).padStart(8, '0')}`
}
