// What a fake service answers, for tests that care about the wire.

import type { AppError } from '../../src/base/errors.ts'
import type { ChatEvent } from '../../src/chat/event.ts'
import { eventsOf, type FakeAnswers, listedModel, runningModel, shownModel } from '../../src/http/testing/fake-service.ts'
import type { Service } from '../../src/service/service.ts'

export function saying(...events: (ChatEvent | AppError)[]): Pick<Service, 'startChat'> {
  return { startChat: async () => ({ promptTokens: 12, events: eventsOf(...events) }) }
}

/** To every question. */
export function answersOf(said: () => AsyncIterable<ChatEvent>): FakeAnswers {
  const progress = () => eventsOf({ status: 'pulling', digest: 'd', totalBytes: 2, completedBytes: 1 }, { status: 'success' })
  return {
    chat: said,
    generate: said,
    startChat: async () => ({ promptTokens: 12, events: said() }),
    countPromptTokens: async () => 12,
    embed: async () => ({ embeddings: [new Float32Array([0.6, 0.8])], totalNs: 1, loadNs: 1, promptTokens: 1 }),
    rerank: async () => ({ scores: [0.5, 0.7], promptTokens: 3 }),
    tokenize: async () => [1],
    detokenize: async () => 'x',
    identify: async () => ({ digestHex: 'ab' }),
    list: async () => [listedModel],
    running: () => [runningModel],
    show: async () => shownModel,
    create: progress,
    pull: progress,
    push: progress,
    copy: async () => {},
    remove: async () => {},
  }
}
