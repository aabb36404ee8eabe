// A manifest as the store and registries hold it. Parsed strictly here, once, for files and for the network alike:
// every digest is checked before it can become a path, and a manifest without layers or config is refused.

import { AppError } from '../base/errors.ts'
import { isRecord } from '../base/json.ts'
import { type Digest, isDigest, parseDigest } from './digest.ts'
import { MEDIA_TYPES } from './media-type.ts'

export interface Layer {
  mediaType: string
  digest: Digest
  sizeBytes: number
  /** Short name of the model that the layer was taken from. */
  from?: string
  /** Name of a tensor or a JSON file (safetensors models). */
  name?: string
}

export interface Manifest {
  config: Layer
  /** Empty for a remote stub. */
  layers: Layer[]
}

/** Of a manifest from a registry or the disk: more is an attack. A GGUF model has about ten layers, a safetensors model one for each tensor. */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024
const MAX_LAYERS = 20_000

/** Throws `store_corrupt` with what is wrong. */
export function parseManifest(text: string): Manifest {
  if (text.length > MAX_MANIFEST_BYTES) throw corrupt('the manifest is larger than 4 MiB')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw corrupt('the manifest is not JSON', cause)
  }
  if (!isRecord(value)) throw corrupt('the manifest is not an object')
  if (value.config === undefined || value.config === null) throw corrupt('the manifest has no config')
  const layers = value.layers ?? []
  if (!Array.isArray(layers) || layers.length > MAX_LAYERS) throw corrupt('the manifest has no usable list of layers')
  return { config: parseLayer(value.config), layers: layers.map(parseLayer) }
}

/** The bytes that Ollama writes for a manifest it makes: fixed key order, a line feed at the end. */
export function formatManifest(manifest: Manifest): string {
  return `${JSON.stringify({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.manifest,
    config: formatLayer(manifest.config),
    layers: manifest.layers.length === 0 ? null : manifest.layers.map(formatLayer),
  })}\n`
}

/** Layers of one media type, in the order of the manifest. */
export function findLayers(manifest: Manifest, mediaType: string): Layer[] {
  return manifest.layers.filter((layer) => layer.mediaType === mediaType)
}

/** Bytes of all layers and the config: what `list` shows. */
export function manifestSizeBytes(manifest: Manifest): number {
  return manifest.layers.reduce((sum, layer) => sum + layer.sizeBytes, manifest.config.sizeBytes)
}

function parseLayer(value: unknown): Layer {
  if (!isRecord(value)) throw corrupt('a layer of the manifest is not an object')
  const { mediaType, digest, size, from, name } = value
  if (typeof mediaType !== 'string' || mediaType.length > 255) throw corrupt('a layer of the manifest has no media type')
  if (typeof digest !== 'string' || !isDigest(digest)) throw corrupt('a layer of the manifest has an invalid digest')
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) throw corrupt('a layer of the manifest has no valid size')
  return {
    mediaType,
    digest: parseDigest(digest),
    sizeBytes: size,
    ...(typeof from === 'string' && from !== '' ? { from } : {}),
    ...(typeof name === 'string' && name !== '' ? { name } : {}),
  }
}

function formatLayer(layer: Layer): Record<string, unknown> {
  return {
    mediaType: layer.mediaType,
    digest: layer.digest,
    size: layer.sizeBytes,
    ...(layer.from === undefined ? {} : { from: layer.from }),
    ...(layer.name === undefined ? {} : { name: layer.name }),
  }
}

function corrupt(message: string, cause?: unknown): AppError {
  return new AppError('store_corrupt', message, { cause })
}
