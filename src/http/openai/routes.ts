// Every route of the OpenAI dialect but those of responses on one screen, and what an unknown path under /v1 is told.

import { AppError } from '../../base/errors.ts'
import type { WholeReply } from '../kernel/reply.ts'
import { type Handler, type Method, type Route, routesOver } from '../kernel/route.ts'
import { handleChat } from './chat.ts'
import { handleCompletions } from './completions.ts'
import type { OpenAiContext } from './context.ts'
import { handleEmbeddings } from './embeddings.ts'
import { type Endpoint, failOpenAi, toErrorReply } from './errors.ts'
import { handleModel, handleModels } from './models.ts'
import { handleRerank } from './rerank.ts'
import { handleTranscriptions } from './transcriptions.ts'

export function createOpenAiRoutes(context: OpenAiContext): Route[] {
  const add = routesOver(context)
  const route = (method: Method, path: string, endpoint: Endpoint, handler: Handler<OpenAiContext>) =>
    add(method, path, failOpenAi(endpoint), handler)
  return [
    route('POST', '/v1/chat/completions', 'chat', handleChat),
    route('POST', '/v1/completions', 'completions', handleCompletions),
    route('POST', '/v1/embeddings', 'embeddings', handleEmbeddings),
    route('POST', '/v1/rerank', 'rerank', handleRerank),
    route('POST', '/v1/audio/transcriptions', 'transcriptions', handleTranscriptions),
    route('GET', '/v1/models', 'models', handleModels),
    // A name may have slashes: namespace/model, host/namespace/model, host/several/namespaces/model.
    route('GET', '/v1/models/*model', 'models', handleModel),
  ]
}

/** The SDKs read every body as JSON; undefined for paths that are not of this dialect. */
export function refuseUnknownPath(method: string, path: string): WholeReply | undefined {
  if (path !== '/v1' && !path.startsWith('/v1/')) return undefined
  return toErrorReply(new AppError('route_not_found', `Unknown request URL: ${method} ${path}.`), 'models')
}
