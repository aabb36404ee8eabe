// A LoadRunner that gives the engine files in its own layout. A model with its tower inside names the same file twice, as Ollama does for its
// own engine: each of the two becomes a copy with its part.

import type { LoadRunner } from '../runner/runner.ts'
import type { Translate } from './translator.ts'

export function createTranslatingLoader(loadRunner: LoadRunner, translate: Translate): LoadRunner {
  return async ({ isForeign, ...spec }, options) => {
    if (!isForeign) return loadRunner(spec, options)
    const { signal, onProgress } = options
    const request = { ...(signal ? { signal } : {}), ...(onProgress ? { onProgress } : {}) }
    const modelPath = await translate({ ...request, path: spec.modelPath, part: 'text' })
    const projectorPath = spec.projectorPath && (await translate({ ...request, path: spec.projectorPath, part: 'projector' }))
    return loadRunner({ ...spec, modelPath, ...(projectorPath ? { projectorPath } : {}) }, options)
  }
}
