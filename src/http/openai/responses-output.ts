// Events as output items: one walk serves the stream and the whole response, so that both say the same. An item is open as long as events of its
// kind come; its place in the output is fixed when it opens. Nothing that a model says is dropped, text beside calls least of all.

import type { Logprob, WrittenEvent } from '../../chat/event.ts'
import type { Message } from '../../chat/message.ts'
import { createId } from '../ids.ts'
import { type LogprobBody, toLogprobBody } from './usage.ts'

type ItemStatus = 'in_progress' | 'completed' | 'incomplete'

interface TextPart {
  type: 'output_text'
  text: string
  annotations: readonly never[]
  logprobs: readonly LogprobBody[]
}

export type OutputItem =
  | { id: string; type: 'message'; status: ItemStatus; role: 'assistant'; content: readonly TextPart[] }
  | { id: string; type: 'reasoning'; summary: readonly { type: 'summary_text'; text: string }[]; encrypted_content?: string }
  | { id: string; type: 'function_call'; status: ItemStatus; call_id: string; name: string; arguments: string }

/** An event of the stream, without its number. */
export interface OutputEvent {
  type: string
  output_index: number
  [field: string]: unknown
}

type TextEvent = Extract<WrittenEvent, { type: 'text-delta' | 'thinking-delta' }>
type CallEvent = Exclude<WrittenEvent, TextEvent>

interface OpenCall {
  /** Its place among the calls. */
  index: number
  item: { id: string; type: 'function_call'; call_id: string; name: string }
  text: string
}

interface OpenItem {
  kind: 'message' | 'reasoning'
  id: string
  text: string
  logprobs: LogprobBody[]
}

export class ResponseOutput {
  /** Complete ones, in order. */
  readonly items: OutputItem[] = []
  /** The same as the domain keeps it: what a next response goes on from. */
  readonly turn: Message = { role: 'assistant', content: '' }
  #open: OpenItem | undefined
  #call: OpenCall | undefined;

  *push(event: WrittenEvent): Iterable<OutputEvent> {
    if (event.type !== 'text-delta' && event.type !== 'thinking-delta') {
      yield* this.#pushCall(event)
      return
    }
    const kind = event.type === 'text-delta' ? 'message' : 'reasoning'
    if (event.text === '' && !(kind === 'message' && event.logprobs)) return
    if (this.#open?.kind !== kind) {
      yield* this.#close('completed')
      yield* this.#begin(kind)
    }
    if (this.#open) yield this.#grow(this.#open, event.text, event.logprobs)
  }

  /** Closes what is open. wire: a reply that said nothing, or was only thought, says so in an empty message. */
  *end(status: 'completed' | 'incomplete'): Iterable<OutputEvent> {
    const hasSpoken = this.#open?.kind === 'message' || this.items.some(({ type }) => type !== 'reasoning')
    const hasBegun = this.#open !== undefined || this.items.length > 0
    if (!hasSpoken && (status === 'completed' || !hasBegun)) {
      yield* this.#close('completed')
      yield* this.#begin('message')
    }
    yield* this.#close(status)
  }

  *#begin(kind: OpenItem['kind']): Iterable<OutputEvent> {
    const id = createId(kind === 'message' ? 'msg_' : 'rs_')
    this.#open = { kind, id, text: '', logprobs: [] }
    if (kind === 'message') {
      yield this.#event('response.output_item.added', {
        item: { id, type: 'message', status: 'in_progress', role: 'assistant', content: [] },
      })
      yield this.#event('response.content_part.added', { item_id: id, content_index: 0, part: toTextPart('', []) })
      return
    }
    yield this.#event('response.output_item.added', { item: { id, type: 'reasoning', summary: [] } })
    yield this.#event('response.reasoning_summary_part.added', { item_id: id, summary_index: 0, part: toSummary('') })
  }

  #grow(open: OpenItem, text: string, logprobs: Logprob[] = []): OutputEvent {
    open.text += text
    if (open.kind === 'reasoning') {
      this.turn.thinking = (this.turn.thinking ?? '') + text
      return this.#event('response.reasoning_summary_text.delta', { item_id: open.id, summary_index: 0, delta: text })
    }
    this.turn.content += text
    const bodies = logprobs.map(toResponsesLogprob)
    for (const body of bodies) open.logprobs.push(body)
    return this.#event('response.output_text.delta', { item_id: open.id, content_index: 0, delta: text, logprobs: bodies })
  }

  *#close(status: 'completed' | 'incomplete'): Iterable<OutputEvent> {
    const open = this.#open
    if (!open) return
    this.#open = undefined
    const { id, text, logprobs } = open
    if (open.kind === 'message') {
      const part = toTextPart(text, logprobs)
      yield this.#event('response.output_text.done', { item_id: id, content_index: 0, text, logprobs })
      yield this.#event('response.content_part.done', { item_id: id, content_index: 0, part })
      yield this.#finish({ id, type: 'message', status, role: 'assistant', content: [part] })
      return
    }
    yield this.#event('response.reasoning_summary_text.done', { item_id: id, summary_index: 0, text })
    yield this.#event('response.reasoning_summary_part.done', { item_id: id, summary_index: 0, part: toSummary(text) })
    // wire: what a client sends back of it next time; here nothing needs to be hidden from it.
    yield this.#finish({ id, type: 'reasoning', summary: [toSummary(text)], encrypted_content: text })
  }

  *#pushCall(event: CallEvent): Iterable<OutputEvent> {
    switch (event.type) {
      case 'tool-call-begun':
        yield* this.#beginCall(event)
        return
      case 'tool-call-piece':
        yield* this.#growCall(event.text)
        return
      case 'tool-call-cut':
        yield* this.#endCall('incomplete')
        return
    }
    const { call } = event
    const { index, name, arguments: values } = call.function
    this.turn.toolCalls = [...(this.turn.toolCalls ?? []), call]
    if (this.#call?.index !== index) {
      yield* this.#beginCall({ ...(call.id === undefined ? {} : { id: call.id }), index, name })
      yield* this.#growCall(JSON.stringify(values))
    }
    yield* this.#endCall('completed')
  }

  *#beginCall({ id: callId = createId('call_'), index, name }: { id?: string; index: number; name: string }): Iterable<OutputEvent> {
    yield* this.#close('completed')
    const item = { id: createId('fc_'), type: 'function_call', call_id: callId, name } as const
    this.#call = { index, item, text: '' }
    yield this.#event('response.output_item.added', { item: { ...item, status: 'in_progress', arguments: '' } })
  }

  *#growCall(text: string): Iterable<OutputEvent> {
    if (!this.#call) return
    this.#call.text += text
    yield this.#event('response.function_call_arguments.delta', { item_id: this.#call.item.id, delta: text })
  }

  *#endCall(status: 'completed' | 'incomplete'): Iterable<OutputEvent> {
    if (!this.#call) return
    const { item, text } = this.#call
    this.#call = undefined
    yield this.#event('response.function_call_arguments.done', { item_id: item.id, name: item.name, arguments: text })
    yield this.#finish({ ...item, status, arguments: text })
  }

  #finish(item: OutputItem): OutputEvent {
    const event = this.#event('response.output_item.done', { item })
    this.items.push(item)
    return event
  }

  #event(type: string, fields: Record<string, unknown>): OutputEvent {
    return { type, output_index: this.items.length, ...fields }
  }
}

function toTextPart(text: string, logprobs: readonly LogprobBody[]): TextPart {
  return { type: 'output_text', text, annotations: [], logprobs }
}

function toSummary(text: string): { type: 'summary_text'; text: string } {
  return { type: 'summary_text', text }
}

/** Here the alternatives are always a list. */
function toResponsesLogprob(logprob: Logprob): LogprobBody {
  return { top_logprobs: [], ...toLogprobBody(logprob) }
}
