import { mkdtempSync, rmSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import { convertHere } from '../../convert/conversion.ts'
import { writeTinyModel } from '../../gguf/testing/tiny-model.ts'
import { parseConfigBlob } from '../../model/config-blob.ts'
import { MEDIA_TYPES } from '../../model/media-type.ts'
import { parseModelName } from '../../model/name.ts'
import type { Progress } from '../../registry/registry.ts'
import { createStore } from '../../store/open.ts'
import type { Store } from '../../store/store.ts'
import type { CreateRequest } from '../service.ts'
import { createModel } from './create.ts'

let folder: string
let store: Store
let digest: string
beforeEach(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'llamero-create-'))
  store = await createStore({ root: path.join(folder, 'models') })
  const file = path.join(folder, 'tiny.gguf')
  await writeTinyModel(file)
  digest = (await store.blobs.importFile(file)).digest
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const refuseToPull = async function* (): AsyncGenerator<Progress> {
  yield { status: 'pulling manifest' }
  throw new AppError('registry_unreachable', 'no network')
}

const refuseToQuantize = () => Promise.reject(new AppError('load_failed', 'no engine'))

async function create(request: CreateRequest): Promise<string[]> {
  const statuses: string[] = []
  const dependencies = { store, pull: refuseToPull, quantize: refuseToQuantize, convert: convertHere, clock: systemClock }
  for await (const { status } of createModel(request, new AbortController().signal, dependencies)) statuses.push(status)
  return statuses
}

async function layersOf(name: string): Promise<{ mediaType: string; text?: string; from?: string }[]> {
  const stored = await store.manifests.read(parseModelName(name))
  return Promise.all(
    (stored?.manifest.layers ?? []).map(async ({ mediaType, digest, from }) => ({
      mediaType,
      ...(mediaType === MEDIA_TYPES.model ? {} : { text: await store.blobs.readText(digest) }),
      ...(from === undefined ? {} : { from }),
    })),
  )
}

const fromFile = (fields: Partial<CreateRequest> = {}): CreateRequest => ({ model: 'base', files: { 'tiny.gguf': digest }, ...fields })

describe('a model from a GGUF file', () => {
  it('goes through the statuses and writes a config from the head of the file', async () => {
    const statuses = await create(fromFile())
    expect(statuses[0]).toBe('parsing GGUF')
    expect(statuses.slice(-2)).toEqual(['writing manifest', 'success'])
    const stored = await store.manifests.read(parseModelName('base'))
    const config = parseConfigBlob(await store.blobs.readText(stored?.manifest.config.digest as never))
    expect(config).toMatchObject({
      model_format: 'gguf',
      model_family: 'llama',
      model_families: ['llama'],
      architecture: 'amd64',
      os: 'linux',
    })
  })

  it('keeps the texts of the request as layers, in the order of Ollama', async () => {
    await create(
      fromFile({
        template: '{{ .Prompt }}',
        system: 'Be brief.',
        license: ['MIT', 'more'],
        parameters: { top_k: 3, stop: 'x' },
        messages: [{ role: 'user', content: 'hi <b>' }],
      }),
    )
    const texts = (await layersOf('base')).filter(({ mediaType }) => mediaType !== MEDIA_TYPES.model).slice(-6)
    expect(texts.map(({ text }) => text)).toEqual([
      '{{ .Prompt }}',
      'Be brief.',
      'MIT',
      'more',
      '{"stop":["x"],"top_k":3}\n',
      '[{"role":"user","content":"hi \\u003cb\\u003e"}]\n',
    ])
  })

  it.each<[string, Partial<CreateRequest>, string]>([
    ['no such blob', { files: { 'm.gguf': `sha256:${'0'.repeat(64)}` } }, 'no such file'],
    ['a path that leaves the folder', { files: { '../m.gguf': 'sha256:00' } }, 'file path must be relative'],
    ['a digest that is none', { files: { 'm.gguf': 'nonsense' } }, 'invalid digest format'],
    ['no files', { files: {} }, 'unknown type'],
    ['a template that does not parse', { template: '{{ .Broken' }, 'template error: template: :1: unclosed action'],
    ['a quantization that is none', { quantize: 'Q99' }, 'unsupported quantization type Q99'],
    ['an unknown parser', { parser: 'nosuch' }, 'unknown parser "nosuch"'],
    ['an unknown renderer', { renderer: 'nosuch' }, 'unknown renderer "nosuch"'],
    ['a draft quantization without a draft', { draftQuantize: 'Q8_0' }, '--draft-quantize requires a DRAFT model'],
    ['no files of a draft', { draftFiles: {} }, 'unknown type'],
    ['a draft that is not there', { draftFiles: { 'd.gguf': `sha256:${'3'.repeat(64)}` } }, 'no such file'],
    ['info of the wrong type', { info: { context_length: 'x' } }, 'info field "context_length" must be a number'],
    ['info that is null', { info: { model_family: null } }, 'info field "model_family" must be a string'],
    ['no adapters in a list of them', { adapters: {} }, 'unknown type'],
    ['two adapters', { adapters: { a: `sha256:${'1'.repeat(64)}`, b: `sha256:${'2'.repeat(64)}` } }, 'only one adapter'],
  ])('is refused with %s, and nothing is written', async (_, fields, message) => {
    await expect(create(fromFile(fields))).rejects.toThrow(message)
    expect(await store.manifests.list()).toEqual([])
  })

  it('is refused when the file is no GGUF', async () => {
    const text = await store.blobs.write('just a text')
    await expect(create(fromFile({ files: { 'm.gguf': text.digest } }))).rejects.toThrow('supplied file was not in GGUF format')
    await expect(create(fromFile({ files: { 'm.bin': text.digest } }))).rejects.toThrow('unknown type')
  })

  it('is refused when a whole model is given as an adapter', async () => {
    await expect(create(fromFile({ adapters: { 'a.gguf': digest } }))).rejects.toThrow('given as an adapter is not one')
  })
})

describe('a draft model', () => {
  let draft: string
  beforeEach(async () => {
    const file = path.join(folder, 'draft.gguf')
    await writeTinyModel(file, { seed: 2 })
    draft = (await store.blobs.importFile(file)).digest
  })
  const draftsOf = async (name: string) => {
    const stored = await store.manifests.read(parseModelName(name))
    return (stored?.manifest.layers ?? []).filter(({ mediaType }) => mediaType === MEDIA_TYPES.draft)
  }
  const configOf = async (name: string) => {
    const stored = await store.manifests.read(parseModelName(name))
    return parseConfigBlob(await store.blobs.readText(stored?.manifest.config.digest as never))
  }

  it('is a layer behind those of the base, and the config tells of it', async () => {
    const statuses = await create(fromFile({ draftFiles: { 'draft.gguf': draft }, parameters: { seed: 1 } }))
    expect(statuses.slice(0, 3)).toEqual(['parsing GGUF', 'parsing GGUF', 'validating GGUF model'])
    expect((await layersOf('base')).map(({ mediaType }) => mediaType).slice(-2)).toEqual([MEDIA_TYPES.draft, MEDIA_TYPES.params])
    expect(await draftsOf('base')).toMatchObject([{ digest: draft, from: 'draft.gguf' }])
    expect((await configOf('base')).draft).toEqual({ model_format: 'gguf', architecture: 'llama' })
  })

  it('stays with a model that is made from another, and a new one comes behind it', async () => {
    await create(fromFile({ draftFiles: { 'draft.gguf': draft } }))
    await create({ model: 'child', from: 'base', draftFiles: { 'again.gguf': draft } })
    expect(await draftsOf('child')).toMatchObject([{ from: 'base:latest' }, { from: 'again.gguf' }])
    expect((await configOf('child')).draft?.architecture).toBe('llama')
  })

  it('is named in a Modelfile', async () => {
    await create({ model: 'named', modelfile: `FROM @${digest}\nDRAFT @${draft}` })
    expect(await draftsOf('named')).toMatchObject([{ digest: draft }])
  })

  it('is refused when it is no model', async () => {
    const text = await store.blobs.write('just a text')
    await expect(create(fromFile({ draftFiles: { 'd.gguf': text.digest } }))).rejects.toThrow('supplied file was not in GGUF format')
    await expect(create(fromFile({ draftFiles: { 'd.gguf': draft }, draftQuantize: 'Q99' }))).rejects.toThrow(
      'unsupported quantization type Q99',
    )
    expect(await store.manifests.list()).toEqual([])
  })
})

describe('a Modelfile in the request', () => {
  beforeEach(() => create(fromFile({ license: ['MIT'] })))
  const modelfile =
    'FROM base\nSYSTEM From the file.\nPARAMETER seed 5\nPARAMETER stop a\nPARAMETER stop b\nMESSAGE user hi\nLICENSE more\n'

  it('says what fields would say, and fields win', async () => {
    await create({ model: 'child', modelfile, parameters: { seed: 6 } })
    const texts = (await layersOf('child')).map(({ text }) => text)
    expect(texts).toEqual(expect.arrayContaining(['From the file.', 'MIT', 'more']))
    expect(texts.some((text) => text?.includes('"seed":6') && text.includes('"stop":["a","b"]'))).toBe(true)
    await create({ model: 'child', modelfile, system: 'From the field.' })
    expect((await layersOf('child')).map(({ text }) => text)).toContain('From the field.')
  })

  it('names files of this machine, blobs that were sent, or lies on this machine itself', async () => {
    await writeFile(path.join(folder, 'Modelfile'), `FROM ./tiny.gguf\nSYSTEM By path.\n`)
    await create({ model: 'by-path', path: path.join(folder, 'Modelfile') })
    await create({ model: 'by-blob', modelfile: `FROM @${digest}` })
    await create({ model: 'by-file', modelfile: `FROM ${path.join(folder, 'tiny.gguf')}` })
    for (const name of ['by-path', 'by-blob', 'by-file']) {
      expect((await store.manifests.read(parseModelName(name)))?.manifest.layers[0]?.digest).toBe(digest)
    }
  })

  it.each([
    ['a file that is not there', { path: '/nonexistent/Modelfile' }],
    ['a folder', { path: '/' }],
    ['a device', { path: '/dev/zero' }],
    ['a model file that is not there', { modelfile: 'FROM /nonexistent/m.gguf' }],
    ['a device as a model file', { modelfile: 'FROM /dev/zero' }],
    ['a relative file', { modelfile: 'FROM ./m.gguf' }],
  ])('is refused in the same words for %s', async (_, fields) => {
    await expect(create({ model: 'child', ...fields })).rejects.toThrow('the Modelfile, or a file that it names, cannot be used')
  })

  it('is refused when it does not parse', async () => {
    await expect(create({ model: 'child', modelfile: 'SYSTEM x' })).rejects.toThrow('no FROM line')
  })
})

describe('a model from another', () => {
  beforeEach(() => create(fromFile({ system: 'Old.', parameters: { seed: 1, stop: 's', top_k: 2 }, license: ['MIT'] })))

  it('names its parent in the layers that it took', async () => {
    await create({ model: 'child', from: 'base' })
    const layers = await layersOf('child')
    for (const { mediaType, from } of layers) expect(from).toBe(mediaType === MEDIA_TYPES.params ? undefined : 'base:latest')
    // Parameters are written anew, whoever said them.
    expect(layers.at(-1)).toEqual({ mediaType: MEDIA_TYPES.params, text: '{"seed":1,"stop":["s"],"top_k":2}\n' })
  })

  it('has the same layers as with Ollama whatever the order of the keys', async () => {
    await create({ model: 'child', from: 'base', parameters: { nested: { z: [{ y: 1, b: 2 }], a: 1 }, num_ctx: 5 } })
    expect((await layersOf('child')).at(-1)?.text).toBe(
      '{"nested":{"a":1,"z":[{"b":2,"y":1}]},"num_ctx":5,"seed":1,"stop":["s"],"top_k":2}\n',
    )
  })

  it('forgets a parameter of its base that is set to null', async () => {
    await create({ model: 'child', from: 'base', parameters: { seed: null, stop: null, num_ctx: null } })
    expect((await layersOf('child')).at(-1)?.text).toBe('{"top_k":2}\n')
    await create({ model: 'child', from: 'child', parameters: { top_k: null } })
    expect((await layersOf('child')).some(({ mediaType }) => mediaType === MEDIA_TYPES.params)).toBe(false)
  })

  it('replaces system, lays parameters over the old ones and adds licences', async () => {
    await create({ model: 'child', from: 'base', system: 'New.', parameters: { seed: 9 }, license: ['Apache'] })
    const layers = await layersOf('child')
    const texts = (mediaType: string) => layers.filter((layer) => layer.mediaType === mediaType).map(({ text }) => text)
    expect(texts(MEDIA_TYPES.system)).toEqual(['New.'])
    expect(texts(MEDIA_TYPES.license)).toEqual(['MIT', 'Apache'])
    expect(JSON.parse(texts(MEDIA_TYPES.params)[0] as string)).toMatchObject({ seed: 9, top_k: 2 })
  })

  it('can be made from itself', async () => {
    await create({ model: 'base', from: 'base', template: '{{ .Prompt }}!' })
    expect((await layersOf('base')).map(({ text }) => text)).toContain('Old.')
  })

  it('pulls a base that is not there, and says what went wrong', async () => {
    await expect(create({ model: 'child', from: 'elsewhere' })).rejects.toThrow('no network')
  })

  it('keeps the file itself untouched', async () => {
    const before = await readFile(store.blobs.path(digest as never))
    await create({ model: 'child', from: 'base', system: 'x' })
    expect((await readFile(store.blobs.path(digest as never))).equals(before)).toBe(true)
  })
})
