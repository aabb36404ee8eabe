// A model with two layers, its manifest, and the parts that a session needs.

import type { Clock } from '../../base/clock.ts'
import type { Digest } from '../../model/digest.ts'
import { formatManifest, type Layer, type Manifest } from '../../model/manifest.ts'
import { MEDIA_TYPES } from '../../model/media-type.ts'
import { type ModelName, parseModelName } from '../../model/name.ts'
import { createAuthorizer } from '../authorizer.ts'
import type { HttpClient } from '../http-client.ts'
import type { Progress } from '../registry.ts'
import { createSession, type Session } from '../session.ts'
import { createImpatientClock } from './impatient-clock.ts'
import { digestOf } from './memory-store.ts'

export const WEIGHTS = Buffer.from(Array.from({ length: 5000 }, (_, index) => index % 251))
export const TEMPLATE = Buffer.from('{{ .Prompt }}')
export const CONFIG = Buffer.from('{"model_format":"gguf"}')

export function layerOf(bytes: Uint8Array, mediaType: string): Layer {
  return { mediaType, digest: digestOf(bytes), sizeBytes: bytes.length }
}

export const MANIFEST: Manifest = {
  config: layerOf(CONFIG, MEDIA_TYPES.config),
  layers: [layerOf(WEIGHTS, MEDIA_TYPES.model), layerOf(TEMPLATE, MEDIA_TYPES.template)],
}
/** With a key that Llamero does not know: registries' bytes must be kept. */
export const MANIFEST_BYTES = Buffer.from(formatManifest(MANIFEST).replace('{', '{"x":1,'))
export const BLOBS: ReadonlyMap<Digest, Buffer> = new Map([WEIGHTS, TEMPLATE, CONFIG].map((bytes) => [digestOf(bytes), bytes]))
export const NAME: ModelName = parseModelName('registry.example/library/tiny:v1')

export function openSession(
  http: HttpClient,
  { name = NAME, insecure = false, clock = createImpatientClock() }: { name?: ModelName; insecure?: boolean; clock?: Clock } = {},
): Session {
  const key = { signature: async (text: string) => `signed(${text})` }
  const authorizer = (origin: string) => createAuthorizer({ http, origin, key, credentials: async () => undefined, clock })
  return createSession(name, { http, insecure, authorizer })
}

export async function collect(progress: AsyncIterable<Progress>): Promise<Progress[]> {
  const items: Progress[] = []
  for await (const item of progress) items.push(item)
  return items
}

/** The statuses, without repetitions of neighbours. */
export function statuses(items: readonly Progress[]): string[] {
  return items.map(({ status }) => status).filter((status, index, all) => status !== all[index - 1])
}
