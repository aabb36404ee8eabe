// Responses that a client asked to keep, in memory and within a bound: the oldest go first, and all go with the server. What is kept is the response
// as it was given and the conversation up to it, so that `previous_response_id` may go on from there.

import type { Message } from '../../chat/message.ts'
import type { ResponseBody } from './responses-body.ts'

export interface StoredResponse {
  body: ResponseBody
  /** Without instructions: those are said anew with every response. */
  messages: readonly Message[]
  /** The input of this one, as items. */
  input: readonly unknown[]
}

export interface ResponseStoreLimits {
  responses: number
  /** Of texts and images, roughly. */
  bytes: number
}

/** A conversation of hundreds of turns, or some with images. */
const LIMITS: ResponseStoreLimits = { responses: 1_000, bytes: 64 * 1024 * 1024 }

export class ResponseStore {
  readonly #limits: ResponseStoreLimits
  readonly #responses = new Map<string, { stored: StoredResponse; bytes: number }>()
  #bytes = 0

  constructor(limits: ResponseStoreLimits = LIMITS) {
    this.#limits = limits
  }

  /** One that alone is beyond the bound is not kept. */
  add(stored: StoredResponse): void {
    const bytes = measure(stored)
    this.#responses.set(stored.body.id, { stored, bytes })
    this.#bytes += bytes
    for (const id of this.#responses.keys()) {
      if (this.#responses.size <= this.#limits.responses && this.#bytes <= this.#limits.bytes) return
      this.delete(id)
    }
  }

  get(id: string): StoredResponse | undefined {
    return this.#responses.get(id)?.stored
  }

  /** False when it is not there. */
  delete(id: string): boolean {
    const kept = this.#responses.get(id)
    if (!kept) return false
    this.#bytes -= kept.bytes
    return this.#responses.delete(id)
  }
}

/** Messages that several responses share count for each: the bound errs on the safe side. */
function measure({ body, messages, input }: StoredResponse): number {
  const texts = JSON.stringify([body, input]).length
  return messages.reduce((sum, { images = [], ...message }) => {
    return sum + JSON.stringify(message).length + images.reduce((bytes, image) => bytes + image.length, 0)
  }, texts)
}
