import { type DecodedGenerate, type GenerateResponseBody, generateRequest } from '../../api/generate.ts'
import type { ToolCall } from '../../chat/message.ts'
import type { GenerateRequest } from '../../service/service.ts'
import type { Reply } from '../kernel/reply.ts'
import type { HttpRequest } from '../kernel/request.ts'
import { type Projection, replyWithEvents, toCompletionFields } from './completion.ts'
import type { NativeContext } from './context.ts'
import { type DeltaSum, isPlainText, sumDeltas } from './delta-sum.ts'
import { decodeFields } from './fields.ts'
import { type FinishEvent, toLogprobs, toMetrics, toToolCallBody, toTruncation } from './metrics.ts'
import { formatUtc, omitEmpty, present } from './wire.ts'

export async function handleGenerate(request: HttpRequest, { service, clock, unused }: NativeContext): Promise<Reply> {
  const wire = decodeFields(await request.readBody(), unused, generateRequest)
  if (wire.top_logprobs && !wire.logprobs) unused.add('top_logprobs')
  const domain = toDomain(wire)
  const projection = createProjection(domain.model, () => formatUtc(clock.nowMs()))
  return replyWithEvents(service.generate(domain, request.signal), projection, wire.stream ?? true)
}

function toDomain(wire: DecodedGenerate): GenerateRequest {
  const { suffix, system, template, context, raw, images } = wire
  return {
    ...toCompletionFields(wire),
    prompt: wire.prompt ?? '',
    ...present({ suffix, system, template, context, raw, images }),
  }
}

function createProjection(model: string, now: () => string): Projection {
  const record = (response: string, done: boolean, fields: Partial<GenerateResponseBody>): GenerateResponseBody => {
    const { thinking, ...others } = fields
    return { model, created_at: now(), response, ...omitEmpty({ thinking }), done, ...omitEmpty(others) }
  }
  return {
    endpoint: 'generate',
    single(event) {
      if (event.type !== 'rendered') return record('', true, { done_reason: event.type === 'loaded' ? 'load' : 'unload' })
      return record('', false, {
        _debug_info: { rendered_template: event.prompt, ...omitEmpty({ image_count: event.imageCount }) },
      })
    },
    delta(event) {
      if (isPlainText(event)) return { model, created_at: now(), response: event.text, done: false }
      const sum = sumDeltas([event])
      return sum.isEmpty ? undefined : record(sum.text, false, sumFields(sum))
    },
    finish: (event) => record('', true, endFields(event)),
    fold(deltas, finish) {
      const sum = sumDeltas(deltas)
      return record(sum.text, true, { ...endFields(finish), ...sumFields(sum) })
    },
  }
}

function sumFields({ thinking, calls, logprobs }: DeltaSum): Partial<GenerateResponseBody> {
  return { thinking, tool_calls: calls.map(withoutId), ...present({ logprobs: toLogprobs(logprobs) }) }
}

function endFields(event: FinishEvent): Partial<GenerateResponseBody> {
  return {
    done_reason: event.reason,
    ...present({ context: event.context }),
    ...toMetrics(event.timings),
    ...toTruncation(event),
  }
}

/** wire: calls have an id in chat alone. */
function withoutId(call: ToolCall) {
  return toToolCallBody({ function: call.function })
}
