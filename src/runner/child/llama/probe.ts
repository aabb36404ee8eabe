import type { EngineReport } from '../../protocol.ts'
import { bindApi } from './api.ts'
import { loadLibrary } from './library.ts'

/** Throws `load_failed`: no package, another version, or layouts that do not fit. */
export async function probeLlama(): Promise<EngineReport> {
  const library = await loadLibrary({ gpu: true })
  const api = bindApi(library)
  api.backendInit()
  return { version: library.version, variant: library.variant, system: api.printSystemInfo().trim() }
}
