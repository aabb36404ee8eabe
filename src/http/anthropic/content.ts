// Events as content blocks: one walk serves the stream and the whole message, so that both say the same. A block is open as long as events of its
// kind come; calls are blocks of their own. Nothing that a model says is dropped: thinking behind text opens another thinking block.

import type { ChatEvent } from '../../chat/event.ts'
import { createId } from '../ids.ts'
import { toCarrier, toSignature } from './signature.ts'

export type ContentBlock =
  | { type: 'text'; text: string }
  | { type: 'thinking'; thinking: string; signature: string }
  | { type: 'tool_use'; id: string; name: string; input: Record<string, unknown> }

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

type Written = Extract<ChatEvent, { type: 'text-delta' | 'thinking-delta' | 'tool-call' }>

export interface ContentOptions {
  /** Thinking blocks without their text; the signature carries it. */
  hidesThinking: boolean
}

export class Content {
  readonly #options: ContentOptions
  /** Complete ones. */
  readonly blocks: ContentBlock[] = []
  #open: { kind: 'text' | 'thinking'; text: string } | undefined

  constructor(options: ContentOptions) {
    this.#options = options
  }

  *push(event: Written): Iterable<Step> {
    if (event.type === 'tool-call') {
      yield* this.end()
      yield* this.#call(event)
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
      yield this.#close({ type: 'text', text: open.text })
      return
    }
    const { hidesThinking } = this.#options
    const signature = hidesThinking ? toCarrier(open.text) : toSignature(open.text)
    yield this.#delta({ type: 'signature_delta', signature })
    yield this.#close({ type: 'thinking', thinking: hidesThinking ? '' : open.text, signature })
  }

  *#call({ call }: Extract<Written, { type: 'tool-call' }>): Iterable<Step> {
    const { name, arguments: input } = call.function
    const id = call.id ?? createId('toolu_')
    yield { type: 'content_block_start', index: this.blocks.length, content_block: { type: 'tool_use', id, name, input: {} } }
    yield this.#delta({ type: 'input_json_delta', partial_json: JSON.stringify(input) })
    yield this.#close({ type: 'tool_use', id, name, input })
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

function emptyBlock(kind: 'text' | 'thinking'): ContentBlock {
  return kind === 'text' ? { type: 'text', text: '' } : { type: 'thinking', thinking: '', signature: '' }
}
