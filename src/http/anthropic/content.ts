// Events as content blocks: one walk serves the stream and the whole message, so that both say the same. A block is open as long as events of its
// kind come; calls are blocks of their own. Nothing that a model says is dropped: thinking behind text opens another thinking block.

import type { WrittenEvent } from '../../chat/event.ts'
import { createId } from '../ids.ts'
import { toCarrier, toSignature } from './signature.ts'

export type ContentBlock =
  | { type: 'text'; text: string; citations: null }
  | { type: 'thinking'; thinking: string; signature: string }
  /** `caller`: the model itself; Anthropic's may also call from inside code. */
  | { type: 'tool_use'; id: string; name: string; input: Record<string, unknown>; caller: { type: 'direct' } }

export type Delta =
  | { type: 'text_delta'; text: string }
  | { type: 'thinking_delta'; thinking: string }
  | { type: 'signature_delta'; signature: string }
  | { type: 'input_json_delta'; partial_json: string }

export type Step =
  | { type: 'content_block_start'; index: number; content_block: ContentBlock }
  | { type: 'content_block_delta'; index: number; delta: Delta }
  /** `block` is what the deltas made. */
  | { type: 'content_block_stop'; index: number; block: ContentBlock }

type CallEvent = Exclude<WrittenEvent, { type: 'text-delta' | 'thinking-delta' }>

export interface ContentOptions {
  /** Thinking blocks without their text; the signature carries it. */
  hidesThinking: boolean
}

export class Content {
  readonly #options: ContentOptions
  /** Complete ones. */
  readonly blocks: ContentBlock[] = []
  #open: { kind: 'text' | 'thinking'; text: string } | undefined
  /** A call that is given in pieces, by its place among the calls. */
  #call: { index: number; id: string; name: string } | undefined
  #cutBlock: ContentBlock | undefined

  constructor(options: ContentOptions) {
    this.#options = options
  }

  /** The reply ended inside a call: the input of its last block is not to be used. */
  get endsInCutCall(): boolean {
    return this.#cutBlock !== undefined && this.#cutBlock === this.blocks.at(-1)
  }

  *push(event: WrittenEvent): Iterable<Step> {
    if (event.type !== 'text-delta' && event.type !== 'thinking-delta') {
      yield* this.#pushCall(event)
      return
    }
    if (event.text === '') return
    const kind = event.type === 'text-delta' ? 'text' : 'thinking'
    if (this.#open?.kind !== kind) {
      yield* this.end()
      this.#open = { kind, text: '' }
      yield { type: 'content_block_start', index: this.blocks.length, content_block: emptyBlock(kind) }
    }
    this.#open.text += event.text
    if (kind === 'text') yield this.#delta({ type: 'text_delta', text: event.text })
    else if (!this.#options.hidesThinking) yield this.#delta({ type: 'thinking_delta', thinking: event.text })
  }

  /** Closes what is open. */
  *end(): Iterable<Step> {
    const open = this.#open
    if (!open) return
    this.#open = undefined
    if (open.kind === 'text') {
      yield this.#close({ type: 'text', text: open.text, citations: null })
      return
    }
    const { hidesThinking } = this.#options
    const signature = hidesThinking ? toCarrier(open.text) : toSignature(open.text)
    yield this.#delta({ type: 'signature_delta', signature })
    yield this.#close({ type: 'thinking', thinking: hidesThinking ? '' : open.text, signature })
  }

  *#pushCall(event: CallEvent): Iterable<Step> {
    switch (event.type) {
      case 'tool-call-begun':
        yield* this.#beginCall(event)
        return
      case 'tool-call-piece':
        yield this.#delta({ type: 'input_json_delta', partial_json: event.text })
        return
      case 'tool-call-cut':
        yield* this.#endCall({})
        this.#cutBlock = this.blocks.at(-1)
        return
    }
    const { id, function: called } = event.call
    if (this.#call?.index !== called.index) {
      yield* this.#beginCall({ id: id ?? createId('toolu_'), index: called.index, name: called.name })
      yield this.#delta({ type: 'input_json_delta', partial_json: JSON.stringify(called.arguments) })
    }
    yield* this.#endCall(called.arguments)
  }

  *#beginCall({ id, index, name }: { id: string; index: number; name: string }): Iterable<Step> {
    yield* this.end()
    this.#call = { id, index, name }
    yield { type: 'content_block_start', index: this.blocks.length, content_block: toCallBlock(id, name, {}) }
  }

  *#endCall(input: Record<string, unknown>): Iterable<Step> {
    if (!this.#call) return
    const { id, name } = this.#call
    this.#call = undefined
    yield this.#close(toCallBlock(id, name, input))
  }

  #delta(delta: Delta): Step {
    return { type: 'content_block_delta', index: this.blocks.length, delta }
  }

  #close(block: ContentBlock): Step {
    const index = this.blocks.length
    this.blocks.push(block)
    return { type: 'content_block_stop', index, block }
  }
}

function toCallBlock(id: string, name: string, input: Record<string, unknown>): ContentBlock {
  return { type: 'tool_use', id, name, input, caller: { type: 'direct' } }
}

function emptyBlock(kind: 'text' | 'thinking'): ContentBlock {
  return kind === 'text' ? { type: 'text', text: '', citations: null } : { type: 'thinking', thinking: '', signature: '' }
}
