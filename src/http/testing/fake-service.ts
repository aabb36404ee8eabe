// A Service that says what a test tells it to say, and remembers what it was asked.

import { onAbort } from '../../base/abort.ts'
import { AppError, cancelled } from '../../base/errors.ts'
import type { ChatEvent, Timings } from '../../chat/event.ts'
import type { ModelDetails } from '../../model/details.ts'
import type { ListedModel, RunningModel, Service, ShownModel } from '../../service/service.ts'

export interface FakeService extends Service {
  /** Name of the use case and its request, in the order of the calls. */
  readonly calls: { name: string; request: unknown }[]
  /** The signals of the same calls, where they have one. */
  readonly signals: AbortSignal[]
}

export type FakeAnswers = Partial<Service>

/** Whatever a test leaves out fails with `not_supported`. */
export function createFakeService(answers: FakeAnswers = {}): FakeService {
  const calls: FakeService['calls'] = []
  const signals: AbortSignal[] = []
  const target: Record<string, unknown> = { ...answers }
  return new Proxy({ calls, signals } as unknown as FakeService, {
    get(own, name: string) {
      if (name in own) return Reflect.get(own, name)
      return (...parameters: unknown[]) => {
        const signal = parameters.find((parameter) => parameter instanceof AbortSignal)
        if (signal) signals.push(signal)
        calls.push({ name, request: parameters[0] })
        const answer = target[name]
        if (typeof answer !== 'function') throw new AppError('not_supported', `the fake has no answer for ${name}`)
        return answer(...parameters)
      }
    },
  })
}

export const timings: Timings = {
  totalNs: 5_000_000,
  loadNs: 1_000_000,
  promptEvalNs: 2_000_000.4,
  evalNs: 1_500_000,
  promptTokens: 12,
  cachedTokens: 0,
  evalTokens: 3,
}

export const finish: ChatEvent = { type: 'finish', reason: 'stop', timings }

/** These events, one per turn of the event loop. */
export async function* eventsOf<T>(...events: (T | AppError)[]): AsyncGenerator<T> {
  for (const event of events) {
    await new Promise<void>((resolve) => setImmediate(resolve))
    if (event instanceof AppError) throw event
    yield event
  }
}

/** These events, and then nothing until the signal aborts; then `cancelled`, as a runner does it. */
export async function* eventsThenWait<T>(signal: AbortSignal, ...events: T[]): AsyncGenerator<T> {
  yield* events
  await new Promise<void>((resolve) => onAbort(signal, resolve))
  throw cancelled(signal.reason)
}

const details: ModelDetails = {
  parent_model: '',
  format: 'gguf',
  family: 'llama',
  families: ['llama'],
  parameter_size: '134.52M',
  quantization_level: 'Q4_1',
}

export const listedModel: ListedModel = {
  name: 'small:latest',
  config: {
    model_format: 'gguf',
    model_family: 'llama',
    model_families: ['llama'],
    model_type: '134.52M',
    file_type: 'Q4_1',
    architecture: 'amd64',
    os: 'linux',
  },
  modifiedMs: Date.UTC(2026, 10, 21, 8, 20, 36, 120),
  sizeBytes: 98_000_000,
  digestHex: 'ab'.repeat(32),
  details,
  contextLength: 8192,
  embeddingLength: 576,
  capabilities: ['completion'],
}

export const runningModel: RunningModel = {
  name: 'small:latest',
  digestHex: 'ab'.repeat(32),
  details,
  sizeBytes: 120_000_000,
  sizeVramBytes: 0,
  contextTokens: 4096,
  expiresMs: Date.UTC(2026, 10, 21, 8, 25),
}

export const shownModel: ShownModel = {
  license: 'Apache',
  modelfile: 'FROM small',
  parameters: 'stop "x"',
  template: '{{ .Prompt }}',
  details,
  messages: [{ role: 'user', content: 'hi', thinking: 'not shown' }],
  modelInfo: { 'general.parameter_count': 5, 'general.architecture': 'llama', 'tokenizer.ggml.tokens': null },
  tensors: [{ name: 'output.weight', type: 'Q8_0', shape: [2, 3] }],
  capabilities: ['completion', 'tools'],
  modifiedMs: Date.UTC(2026, 10, 21, 8, 20, 36),
}
