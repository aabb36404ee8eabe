import { type ChatResponseBody, chatRequest, type DecodedChat } from '../../api/chat.ts'
import type { DecodedMessage } from '../../api/message.ts'
import type { Message } from '../../chat/message.ts'
import type { ChatRequest } from '../../service/service.ts'
import type { Reply } from '../kernel/reply.ts'
import type { HttpRequest } from '../kernel/request.ts'
import { type Projection, replyWithEvents, toCompletionFields } from './completion.ts'
import type { NativeContext } from './context.ts'
import { type DeltaSum, isPlainText, sumDeltas } from './delta-sum.ts'
import { decodeFields } from './fields.ts'
import { type FinishEvent, toLogprobs, toMetrics, toToolCallBody, toTruncation } from './metrics.ts'
import { formatUtc, omitEmpty, present } from './wire.ts'

export async function handleChat(request: HttpRequest, { service, clock, unused }: NativeContext): Promise<Reply> {
  const wire = decodeFields(await request.readBody(), unused, chatRequest)
  if (wire.top_logprobs && !wire.logprobs) unused.add('top_logprobs')
  const domain = toDomain(wire)
  const projection = createProjection(domain.model, () => formatUtc(clock.nowMs()))
  return replyWithEvents(service.chat(domain, request.signal), projection, wire.stream ?? true)
}

export function toMessage(wire: DecodedMessage): Message {
  return {
    role: (wire.role ?? '').toLowerCase(),
    content: wire.content ?? '',
    ...present({
      thinking: wire.thinking,
      images: wire.images,
      toolCalls: wire.tool_calls?.map(({ id, function: called = {} }) => ({
        ...present({ id }),
        function: { index: called.index ?? 0, name: called.name ?? '', arguments: called.arguments ?? {} },
      })),
      toolName: wire.tool_name,
      toolCallId: wire.tool_call_id,
    }),
  }
}

function toDomain(wire: DecodedChat): ChatRequest {
  return { ...toCompletionFields(wire), messages: (wire.messages ?? []).map(toMessage), ...present({ tools: wire.tools }) }
}

function createProjection(model: string, now: () => string): Projection {
  const record = (message: ChatResponseBody['message'], done: boolean, fields: Partial<ChatResponseBody>): ChatResponseBody => ({
    model,
    created_at: now(),
    message,
    done,
    ...omitEmpty(fields),
  })
  return {
    endpoint: 'chat',
    single(event) {
      if (event.type !== 'rendered') return record(assistant(), true, { done_reason: event.type === 'loaded' ? 'load' : 'unload' })
      // wire: the message of a rendered prompt has no role.
      return record({ role: '', content: '' }, false, {
        _debug_info: { rendered_template: event.prompt, ...omitEmpty({ image_count: event.imageCount }) },
      })
    },
    delta(event) {
      if (isPlainText(event)) return { model, created_at: now(), message: { role: 'assistant', content: event.text }, done: false }
      const sum = sumDeltas([event])
      if (sum.isEmpty) return undefined
      return record(assistant(sum), false, present({ logprobs: toLogprobs(sum.logprobs) }))
    },
    finish: (event) => record(assistant(), true, endFields(event, undefined)),
    fold(deltas, finish) {
      const sum = sumDeltas(deltas)
      return record(assistant(sum), true, endFields(finish, sum))
    },
  }
}

function assistant(sum?: DeltaSum): ChatResponseBody['message'] {
  return {
    role: 'assistant',
    content: sum?.text ?? '',
    ...omitEmpty({ thinking: sum?.thinking, tool_calls: sum?.calls.map(toToolCallBody) }),
  }
}

function endFields(event: FinishEvent, sum: DeltaSum | undefined): Partial<ChatResponseBody> {
  return {
    done_reason: event.reason,
    ...present({ logprobs: toLogprobs(sum?.logprobs) }),
    ...toMetrics(event.timings),
    ...toTruncation(event),
  }
}
