// The models as Anthropic's client lists them. Path and method are OpenAI's too: what tells the dialects apart is the header that every client of
// Anthropic's sends.

import { AppError } from '../../base/errors.ts'
import type { ListedModel, Service } from '../../service/service.ts'
import { json, type Reply } from '../kernel/reply.ts'
import type { HttpRequest } from '../kernel/request.ts'
import type { Route } from '../kernel/route.ts'
import { failAnthropic, fieldError } from './errors.ts'

const MODELS_PATH = '/v1/models'
const DEFAULT_LIMIT = 20
const MAX_LIMIT = 1_000

interface ModelBody {
  type: 'model'
  id: string
  display_name: string
  created_at: string
  max_input_tokens: number | null
  max_tokens: number | null
  capabilities: null
  lifecycle: 'active'
  line: null
  deprecated_at: null
  retires_at: null
}

/** The same routes, with those of models in this dialect where a client speaks it. */
export function withAnthropicModels(routes: readonly Route[], service: Pick<Service, 'list'>): Route[] {
  return routes.map((route) => {
    const isModels = route.method === 'GET' && (route.path === MODELS_PATH || route.path.startsWith(`${MODELS_PATH}/`))
    return isModels ? { ...route, handle: (request) => handleModels(request, { route, service }) } : route
  })
}

async function handleModels(request: HttpRequest, { route, service }: { route: Route; service: Pick<Service, 'list'> }): Promise<Reply> {
  if (request.headers['anthropic-version'] === undefined) return route.handle(request)
  try {
    const models = await service.list()
    return json(route.path === MODELS_PATH ? toPage(models, request.query) : findModel(models, request.path.slice(MODELS_PATH.length + 1)))
  } catch (error) {
    if (error instanceof AppError) return failAnthropic(error)
    throw error
  }
}

function toPage(models: readonly ListedModel[], query: URLSearchParams) {
  const limit = Number(query.get('limit') ?? DEFAULT_LIMIT)
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) throw fieldError('limit', `must be between 1 and ${MAX_LIMIT}`)
  const names = models.map(({ name }) => name)
  const [after, before] = [query.get('after_id'), query.get('before_id')]
  const end = before === null ? names.length : placeOf(names, before, 'before_id')
  const from = after === null ? (before === null ? 0 : Math.max(end - limit, 0)) : placeOf(names, after, 'after_id') + 1
  const data = models.slice(from, Math.min(from + limit, end)).map(toModelBody)
  const hasMore = before === null ? from + data.length < names.length : from > 0
  return { data, has_more: hasMore, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null }
}

function placeOf(names: readonly string[], id: string, param: string): number {
  const place = names.indexOf(id)
  if (place < 0) throw fieldError(param, `there is no model ${JSON.stringify(id)}`)
  return place
}

function findModel(models: readonly ListedModel[], id: string): ModelBody {
  const model = models.find(({ name }) => name === id || name === `${id}:latest`)
  if (!model) throw new AppError('model_not_found', `model '${id}' not found`, { details: { model: id } })
  return { ...toModelBody(model), id }
}

function toModelBody({ name, modifiedMs, contextLength }: ListedModel): ModelBody {
  return {
    type: 'model',
    id: name,
    display_name: name,
    created_at: new Date(modifiedMs).toISOString(),
    max_input_tokens: contextLength ?? null,
    max_tokens: contextLength ?? null,
    capabilities: null,
    lifecycle: 'active',
    line: null,
    deprecated_at: null,
    retires_at: null,
  }
}
