import { createId } from '../ids.ts'
import type { OpenAiContext } from './context.ts'
import { OLLAMA_FINGERPRINT, toFingerprint } from './fingerprint.ts'

/** What all objects of one answer have in common. */
export interface Head {
  id: string
  /** Seconds since 1970. */
  created: number
  /** As the client named it. */
  model: string
  system_fingerprint: string
  service_tier?: string
}

interface HeadFields {
  model?: string
  seed?: number
  service_tier?: string
}

export async function createHead(prefix: string, fields: HeadFields, { service, clock, programVersion }: OpenAiContext): Promise<Head> {
  const { model = '', seed, service_tier: tier } = fields
  return {
    id: createId(prefix),
    created: Math.floor(clock.nowMs() / 1000),
    model,
    system_fingerprint: seed === undefined ? OLLAMA_FINGERPRINT : toFingerprint((await service.identify(model)).digestHex, programVersion),
    ...(tier === undefined ? {} : { service_tier: tier === 'auto' ? 'default' : tier }),
  }
}
