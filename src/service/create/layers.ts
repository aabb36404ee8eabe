// The text layers that a create request lays over its base: each kind replaces the base's own, licences are added to them.
// Texts are written as Ollama writes them (JSON with a line feed at its end), so that the same request gives the same digests.

import { toGoJson } from '../../base/go-json.ts'
import type { Message } from '../../chat/message.ts'
import type { Layer } from '../../model/manifest.ts'
import { MEDIA_TYPES } from '../../model/media-type.ts'
import type { Store, WrittenBlob } from '../../store/store.ts'
import { parseParamsLayer } from '../model-layers.ts'
import type { CreateRequest } from '../service.ts'

export interface PlannedLayer extends Layer {
  /** The line that the client sees for it. */
  status: string
  /** Its blob was made for this request; nobody else can count on it. */
  isNew?: boolean
}

/** The base's layers with the request's template, system, licences, parameters and messages laid over them, in Ollama's order: parameters are
 * written anew also where they are the base's alone. */
export async function layTextsOver(base: readonly PlannedLayer[], request: CreateRequest, store: Store): Promise<PlannedLayer[]> {
  let layers = [...base]
  const put = async (mediaType: string, text: string) => {
    layers.push(await writeLayer(store, mediaType, text))
  }
  const replace = async (mediaTypes: readonly string[], text: string) => {
    layers = layers.filter((layer) => !mediaTypes.includes(layer.mediaType))
    await put(mediaTypes[0] as string, text)
  }
  if (request.template) await replace([MEDIA_TYPES.template, MEDIA_TYPES.legacyTemplate], request.template)
  if (request.system) await replace([MEDIA_TYPES.system], request.system)
  for (const license of request.license ?? []) if (license !== '') await put(MEDIA_TYPES.license, license)
  const parameters = await mergeParameters(layers, request.parameters, store)
  layers = layers.filter((layer) => layer.mediaType !== MEDIA_TYPES.params)
  if (Object.keys(parameters).length > 0) await put(MEDIA_TYPES.params, `${toGoJson(sortKeys(parameters))}\n`)
  if (request.messages && request.messages.length > 0)
    await replace([MEDIA_TYPES.messages], `${toGoJson(request.messages.map(toStoredMessage))}\n`)
  return layers
}

export async function writeLayer(store: Store, mediaType: string, text: string): Promise<PlannedLayer> {
  const blob = await store.blobs.write(text)
  return plannedLayer(mediaType, blob)
}

export function plannedLayer(mediaType: string, { digest, sizeBytes, existed }: WrittenBlob): PlannedLayer {
  return { mediaType, digest, sizeBytes, isNew: !existed, status: `${existed ? 'using existing layer' : 'creating new layer'} ${digest}` }
}

/** As it stands in the manifest. */
export function toLayer({ status: _, isNew: __, ...layer }: PlannedLayer): Layer {
  return layer
}

/** A parameter that the request sets to null is the base's no more. */
async function mergeParameters(
  layers: readonly Layer[],
  requested: Record<string, unknown> | undefined,
  store: Store,
): Promise<Record<string, unknown>> {
  const merged = await readParameters(layers, store)
  for (const [key, value] of Object.entries(requested ?? {})) merged[key] = key === 'stop' && typeof value === 'string' ? [value] : value
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null))
}

/** At every depth, as Go sorts a map. */
function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, item]) => [key, sortKeys(item)]))
}

/** Throws `store_corrupt`. */
async function readParameters(layers: readonly Layer[], store: Store): Promise<Record<string, unknown>> {
  const merged: Record<string, unknown> = {}
  for (const layer of layers) {
    if (layer.mediaType === MEDIA_TYPES.params) Object.assign(merged, parseParamsLayer(await store.blobs.readText(layer.digest)))
  }
  return merged
}

function toStoredMessage(message: Message): Record<string, unknown> {
  return {
    role: message.role,
    content: message.content,
    ...(message.thinking ? { thinking: message.thinking } : {}),
    ...(message.images && message.images.length > 0
      ? { images: message.images.map((image) => Buffer.from(image).toString('base64')) }
      : {}),
    ...(message.toolCalls && message.toolCalls.length > 0 ? { tool_calls: message.toolCalls } : {}),
    ...(message.toolName ? { tool_name: message.toolName } : {}),
    ...(message.toolCallId ? { tool_call_id: message.toolCallId } : {}),
  }
}
