import type { ModelReader } from './model.ts'
import { resolveModel } from './resolve.ts'
import type { ModelIdentity } from './service.ts'

/** Throws what resolving a name throws. */
export async function identifyModel(text: string, reader: ModelReader): Promise<ModelIdentity> {
  return { digestHex: (await resolveModel(reader, text)).stored.digestHex }
}
