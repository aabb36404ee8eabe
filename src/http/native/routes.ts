// Every native route on one screen.

import { json, type Reply } from '../kernel/reply.ts'
import type { HttpRequest } from '../kernel/request.ts'
import { type Handler, type Method, type Route, routesOver } from '../kernel/route.ts'
import { handleHasBlob, handlePutBlob } from './blobs.ts'
import { handleChat } from './chat.ts'
import { handleMe, handleRecommendations, handleSignout, handleStatus, handleWebFetch, handleWebSearch } from './cloud.ts'
import type { NativeContext } from './context.ts'
import { handleEmbed, handleEmbeddings } from './embed.ts'
import { type Endpoint, failNative } from './errors.ts'
import { withWarnings } from './fields.ts'
import { handleGenerate } from './generate.ts'
import { handleCopy, handleDelete, handlePs, handleShow, handleTags } from './models.ts'
import { handleDetokenize, handleTokenize } from './tokenize.ts'
import { handleCreate, handlePull, handlePush } from './transfer.ts'
import { present } from './wire.ts'

export function createNativeRoutes(shared: Omit<NativeContext, 'unused'>): Route[] {
  const add = routesOver(shared)
  const route = (method: Method, path: string, endpoint: Endpoint, handler: Handler<NativeContext>) =>
    add(method, path, failNative(endpoint), async (request, context) => {
      const unused = new Set<string>()
      return withWarnings(await handler(request, { ...context, unused }), unused)
    })
  const both = (path: string, handler: Handler<NativeContext>) => [
    route('HEAD', path, 'other', handler),
    route('GET', path, 'other', handler),
  ]
  return [
    ...both('/', handleRoot),
    ...both('/api/version', handleVersion),
    ...both('/api/tags', handleTags),
    route('GET', '/api/ps', 'other', handlePs),
    route('GET', '/api/status', 'other', handleStatus),
    route('POST', '/api/generate', 'generate', handleGenerate),
    route('POST', '/api/chat', 'chat', handleChat),
    route('POST', '/api/embed', 'embed', handleEmbed),
    route('POST', '/api/embeddings', 'embeddings', handleEmbeddings),
    route('POST', '/api/tokenize', 'tokenize', handleTokenize),
    route('POST', '/api/detokenize', 'tokenize', handleDetokenize),
    route('POST', '/api/show', 'show', handleShow),
    route('GET', '/api/show', 'show', handleShow),
    route('POST', '/api/create', 'create', handleCreate),
    route('POST', '/api/copy', 'copy', handleCopy),
    route('DELETE', '/api/delete', 'delete', handleDelete),
    route('POST', '/api/pull', 'pull', handlePull),
    route('POST', '/api/push', 'push', handlePush),
    route('HEAD', '/api/blobs/:digest', 'blobs', handleHasBlob),
    route('POST', '/api/blobs/:digest', 'blobs', handlePutBlob),
    route('POST', '/api/me', 'other', handleMe),
    route('POST', '/api/signout', 'other', handleSignout),
    route('DELETE', '/api/user/keys/:key', 'other', handleSignout),
    route('POST', '/api/experimental/web_search', 'other', handleWebSearch),
    route('POST', '/api/experimental/web_fetch', 'other', handleWebFetch),
    route('GET', '/api/experimental/model-recommendations', 'other', handleRecommendations),
  ]
}

function handleRoot(): Reply {
  return { kind: 'text', status: 200, text: 'Ollama is running', contentType: 'text/plain; charset=utf-8' }
}

function handleVersion(_: HttpRequest, { version, ownVersion }: NativeContext): Reply {
  return json({ version, ...present({ llamero: ownVersion }) })
}
