// What is there, what is loaded, what one model is; copies and removals.

import {
  copyRequest,
  deleteRequest,
  type ModelDetailsBody,
  type PsResponseBody,
  type ShowResponseBody,
  showRequest,
  type TagsResponseBody,
} from '../../api/models.ts'
import { AppError } from '../../base/errors.ts'
import { toGoJson } from '../../base/go-json.ts'
import type { ModelDetails } from '../../model/details.ts'
import type { ListedModel, RunningModel, ShownModel } from '../../service/service.ts'
import { empty, JSON_UTF8, json, type Reply } from '../kernel/reply.ts'
import type { HttpRequest } from '../kernel/request.ts'
import type { NativeContext } from './context.ts'
import { decodeFields } from './fields.ts'
import { firstNonEmpty, formatExpiry, formatLocal, omitEmpty, present } from './wire.ts'

/** Clients ask for the list many times a second, and the service gives the same one until it changes. */
const tagsBodies = new WeakMap<readonly ListedModel[], Uint8Array>()

export async function handleTags(_: HttpRequest, { service }: NativeContext): Promise<Reply> {
  const models = await service.list()
  const bytes = tagsBodies.get(models) ?? formatTags(models)
  tagsBodies.set(models, bytes)
  return { kind: 'bytes', status: 200, bytes, contentType: JSON_UTF8 }
}

function formatTags(models: readonly ListedModel[]): Uint8Array {
  const body: TagsResponseBody = { models: models.map(toListItem) }
  return Buffer.from(toGoJson(body))
}

export function handlePs(_: HttpRequest, { service, clock }: NativeContext): Reply {
  const latestFirst = service.running().toSorted((a, b) => compareExpiry(b.expiresMs, a.expiresMs))
  const body: PsResponseBody = { models: latestFirst.map((model) => toRunningItem(model, clock.nowMs())) }
  return json(body)
}

export async function handleShow(request: HttpRequest, { service, unused }: NativeContext): Promise<Reply> {
  const { model, name, verbose, system, options } = await readShow(request, unused)
  const wanted = firstNonEmpty(model, name)
  const shown = await service.show({ model: wanted, ...present({ verbose, system, options }) })
  const body = toShowBody(shown)
  // wire: Copilot Chat finds a model again by its base name, so it gets the name it asked for.
  if (request.headers['user-agent']?.startsWith('GitHubCopilotChat/')) body.model_info['general.basename'] = wanted
  return json(body)
}

/** Older clients ask with GET: a body, or the name in the query. */
async function readShow(request: HttpRequest, unused: Set<string>) {
  const body = await request.readBody()
  const asked = request.query.get('model') ?? request.query.get('name')
  if (body.byteLength > 0 || asked === null) return decodeFields(body, unused, showRequest, ['template'])
  return { model: asked, name: undefined, verbose: request.query.get('verbose') === 'true', system: undefined, options: undefined }
}

export async function handleCopy(request: HttpRequest, { service, unused }: NativeContext): Promise<Reply> {
  const { source = '', destination = '' } = decodeFields(await request.readBody(), unused, copyRequest)
  await service.copy(source, destination)
  return empty()
}

export async function handleDelete(request: HttpRequest, { service, unused }: NativeContext): Promise<Reply> {
  const { model, name } = decodeFields(await request.readBody(), unused, deleteRequest)
  const wanted = firstNonEmpty(model, name)
  if (wanted === '') throw new AppError('model_required', 'model is required')
  await service.remove(wanted)
  return empty()
}

function toListItem(model: ListedModel): TagsResponseBody['models'][number] {
  return {
    name: model.name,
    model: model.name,
    ...omitEmpty({ remote_model: model.config.remote_model, remote_host: model.config.remote_host }),
    modified_at: formatLocal(model.modifiedMs),
    size: model.sizeBytes,
    digest: model.digestHex,
    details: {
      ...toDetails(model.details),
      ...omitEmpty({ context_length: model.contextLength, embedding_length: model.embeddingLength }),
    },
    ...omitEmpty({ capabilities: model.capabilities }),
  }
}

function toRunningItem(model: RunningModel, nowMs: number): PsResponseBody['models'][number] {
  return {
    name: model.name,
    model: model.name,
    size: model.sizeBytes,
    digest: model.digestHex,
    details: toDetails(model.details),
    expires_at: formatExpiry(model.expiresMs, nowMs),
    size_vram: model.sizeVramBytes,
    context_length: model.contextTokens,
  }
}

function toShowBody(shown: ShownModel): ShowResponseBody {
  const { license, modelfile, parameters, template, system, messages, projectorInfo, tensors, capabilities, requires } = shown
  return {
    ...omitEmpty({ license, modelfile, parameters, template, system }),
    details: toDetails(shown.details),
    ...omitEmpty({
      messages: messages?.map(({ role, content }) => ({ role, content })),
      remote_model: shown.remoteModel,
      remote_host: shown.remoteHost,
    }),
    model_info: sortKeys(shown.modelInfo),
    ...omitEmpty({ projector_info: projectorInfo && sortKeys(projectorInfo), tensors, capabilities }),
    modified_at: formatLocal(shown.modifiedMs),
    ...omitEmpty({ requires }),
  }
}

function toDetails(details: ModelDetails): ModelDetailsBody {
  const { parent_model, format, family, families, parameter_size, quantization_level } = details
  return { parent_model, format, family, families, parameter_size, quantization_level }
}

/** Go writes maps in this order. */
function sortKeys(map: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
}

/** Subtracting would make NaN of two that stay for ever. */
function compareExpiry(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1
}
