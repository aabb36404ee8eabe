// `POST /v1/responses`, and what there is to do with one that was kept: read it, read its input, delete it, go on from it.

import { AppError } from '../../base/errors.ts'
import type { Message } from '../../chat/message.ts'
import type { ChatRequest } from '../../service/service.ts'
import { json, type Reply } from '../kernel/reply.ts'
import type { HttpRequest } from '../kernel/request.ts'
import { type Route, routesOver } from '../kernel/route.ts'
import { decodeRequest, toWarningHeaders } from '../request-fields.ts'
import { truncatedHeaders } from '../truncated.ts'
import type { OpenAiContext } from './context.ts'
import { failOpenAi, fieldError, JSON_WITHOUT_CHARSET, unsupported } from './errors.ts'
import { beginResponse } from './responses-body.ts'
import { toItems } from './responses-items.ts'
import { RESPONSES_FATES, responsesRequest, toChatRequest, type WireResponsesRequest } from './responses-request.ts'
import { ResponseStore, type StoredResponse } from './responses-store.ts'
import { foldResponse, type ResponseRun, streamResponse } from './responses-stream.ts'
import { runStage } from './run.ts'

type ResponsesContext = Pick<OpenAiContext, 'service' | 'clock'> & { store: ResponseStore }

export function createResponsesRoutes({ service, clock }: Pick<OpenAiContext, 'service' | 'clock'>): Route[] {
  const route = routesOver<ResponsesContext>({ service, clock, store: new ResponseStore() })
  const fail = failOpenAi('responses')
  return [
    route('POST', '/v1/responses', fail, handleResponses),
    route('POST', '/v1/responses/input_tokens', fail, handleInputTokens),
    route('GET', '/v1/responses/:id', fail, handleGet),
    route('DELETE', '/v1/responses/:id', fail, handleDelete),
    route('GET', '/v1/responses/:id/input_items', fail, handleInputItems),
  ]
}

async function handleResponses(request: HttpRequest, { service, clock, store }: ResponsesContext): Promise<Reply> {
  const { fields, warnings } = decodeRequest(await request.readBody(), responsesRequest, RESPONSES_FATES)
  const domain = decodeDomain(fields, store, warnings)
  return runStage(async () => {
    const chat = await service.startChat(domain, request.signal)
    const begun = beginResponse(fields, clock.nowMs())
    const run: ResponseRun = {
      begun,
      events: chat.events,
      clock,
      keep(body, { turn }) {
        if (fields.store) store.add({ body, messages: [...withoutInstructions(domain, fields), turn], input: toItems(fields.input) })
      },
    }
    const headers = toWarningHeaders(warnings)
    if (fields.stream) return streamResponse(run, headers)
    const body = await foldResponse(run)
    return json(body, { contentType: JSON_WITHOUT_CHARSET, headers: { ...headers, ...truncatedHeaders(body.usage ?? {}) } })
  })
}

async function handleInputTokens(request: HttpRequest, { service, store }: ResponsesContext): Promise<Reply> {
  const { fields, warnings } = decodeRequest(await request.readBody(), responsesRequest, RESPONSES_FATES)
  const domain = decodeDomain(fields, store, warnings)
  return runStage(async () => {
    const tokens = await service.countPromptTokens(domain, request.signal)
    const headers = toWarningHeaders(warnings)
    return json({ object: 'response.input_tokens', input_tokens: tokens }, headers ? { headers } : {})
  })
}

function handleGet({ params, query }: HttpRequest, { store }: ResponsesContext): Reply {
  if (query.get('stream') === 'true') throw unsupported('stream', 'a response that has ended is not streamed again')
  return json(find(store, params.id).body)
}

function handleDelete({ params }: HttpRequest, { store }: ResponsesContext): Reply {
  const { body } = find(store, params.id)
  store.delete(body.id)
  return json({ id: body.id, object: 'response.deleted', deleted: true })
}

function handleInputItems({ params }: HttpRequest, { store }: ResponsesContext): Reply {
  const items = find(store, params.id).input
  const ids = items.map((item) => (item as { id?: unknown }).id ?? null)
  return json({ object: 'list', data: items, first_id: ids[0] ?? null, last_id: ids.at(-1) ?? null, has_more: false })
}

function decodeDomain(fields: WireResponsesRequest, store: ResponseStore, warnings: string[]): ChatRequest {
  const { previous_response_id: previousId } = fields
  const earlier = previousId ? store.get(previousId)?.messages : []
  if (earlier) return toChatRequest(fields, earlier, warnings)
  throw fieldError('previous_response_id', `Previous response with id '${previousId}' not found.`, 'previous_response_not_found')
}

/** They come first, and are not handed on to the next response. */
function withoutInstructions({ messages }: ChatRequest, { instructions }: WireResponsesRequest): readonly Message[] {
  return instructions ? messages.slice(1) : messages
}

function find(store: ResponseStore, id = ''): StoredResponse {
  const stored = store.get(id)
  if (stored) return stored
  throw new AppError('route_not_found', `Response with id '${id}' not found.`, { details: { param: 'response_id', code: 'not_found' } })
}
