// Every route of Anthropic's dialect on one screen.

import type { Clock } from '../../base/clock.ts'
import { toAppError } from '../../base/errors.ts'
import type { Service } from '../../service/service.ts'
import { json, type Reply } from '../kernel/reply.ts'
import type { HttpRequest } from '../kernel/request.ts'
import { type Route, routesOver } from '../kernel/route.ts'
import { toWarningHeaders } from '../request-fields.ts'
import { createRequestId, failAnthropic, JSON_WITHOUT_CHARSET, REQUEST_ID_HEADER, toErrorReply } from './errors.ts'
import { replyStream, replyWhole } from './reply.ts'
import { readCountTokensCall, readMessagesCall } from './request.ts'

export interface AnthropicContext {
  service: Service
  clock: Clock
}

export function createAnthropicRoutes(context: AnthropicContext): Route[] {
  const route = routesOver(context)
  return [
    route('POST', '/v1/messages', failAnthropic, handleMessages),
    route('POST', '/v1/messages/count_tokens', failAnthropic, handleCountTokens),
  ]
}

async function handleMessages(request: HttpRequest, { service, clock }: AnthropicContext): Promise<Reply> {
  const call = readMessagesCall(await request.readBody())
  const requestId = createRequestId()
  const headers = { [REQUEST_ID_HEADER]: requestId, ...toWarningHeaders(call.warnings) }
  return afterDecoding(requestId, async () => {
    const chat = await service.startChat(call.request, request.signal)
    const context = { clock, requestId, headers }
    return call.streams ? replyStream(chat, call, context) : replyWhole(chat, call, context)
  })
}

async function handleCountTokens(request: HttpRequest, { service }: AnthropicContext): Promise<Reply> {
  const call = readCountTokensCall(await request.readBody())
  const requestId = createRequestId()
  return afterDecoding(requestId, async () => {
    const tokens = await service.countPromptTokens(call.request, request.signal)
    const headers = { [REQUEST_ID_HEADER]: requestId, ...toWarningHeaders(call.warnings) }
    return json({ input_tokens: tokens }, { contentType: JSON_WITHOUT_CHARSET, headers })
  })
}

async function afterDecoding(requestId: string, run: () => Promise<Reply>): Promise<Reply> {
  try {
    return await run()
  } catch (error) {
    return toErrorReply(toAppError(error), requestId, JSON_WITHOUT_CHARSET)
  }
}
