import { describe, expect, it, vi } from 'vitest'
import type { LoadRunner, LoadSpec } from '../runner/runner.ts'
import { createTranslatingLoader } from './loader.ts'
import type { TranslateRequest } from './translator.ts'

const SPEC: LoadSpec = {
  modelPath: '/m',
  adapterPaths: [],
  contextTokens: 1,
  parallel: 1,
  batchTokens: 0,
  threads: 0,
  gpuLayers: 0,
  kvCacheType: 'f16',
  flashAttention: 'auto',
  speculate: false,
  embedding: false,
}
const OPTIONS = { onProgress: () => {}, mayGrow: () => true }

async function specsOf(spec: LoadSpec): Promise<{ loaded: LoadSpec | undefined; asked: [string, string][] }> {
  const loadRunner = vi.fn<LoadRunner>()
  const asked: [string, string][] = []
  const translate = async ({ path, part }: TranslateRequest) => {
    asked.push([path, part])
    return `${path}-${part}`
  }
  await createTranslatingLoader(loadRunner, translate)(spec, OPTIONS)
  return { loaded: loadRunner.mock.calls[0]?.[0], asked }
}

describe('a loader that translates', () => {
  it('gives the engine its own layout, of both parts of a file, and not a word of it', async () => {
    const { loaded } = await specsOf({ ...SPEC, isForeign: true, projectorPath: '/m' })
    expect(loaded).toEqual({ ...SPEC, modelPath: '/m-text', projectorPath: '/m-projector' })
  })

  it('asks for no projector where there is none', async () => {
    const { loaded } = await specsOf({ ...SPEC, isForeign: true })
    expect(loaded).toEqual({ ...SPEC, modelPath: '/m-text' })
  })

  it('reads nothing of other models', async () => {
    expect(await specsOf(SPEC)).toEqual({ loaded: SPEC, asked: [] })
  })
})
