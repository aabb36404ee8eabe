import { mkdtempSync, rmSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import { convertHere } from '../../convert/conversion.ts'
import { adapterFolder } from '../../convert/testing/adapter-folders.ts'
import type { FolderFiles } from '../../convert/testing/folder-parts.ts'
import { modelFolder } from '../../convert/testing/model-folders.ts'
import { withHeader } from '../../convert/testing/safetensors-file.ts'
import { parseConfigBlob } from '../../model/config-blob.ts'
import { MEDIA_TYPES } from '../../model/media-type.ts'
import { parseModelName } from '../../model/name.ts'
import { createStore } from '../../store/open.ts'
import type { Store } from '../../store/store.ts'
import type { CreateRequest } from '../service.ts'
import { createModel } from './create.ts'

let folder: string
let store: Store
beforeEach(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'llamero-converted-'))
  store = await createStore({ root: path.join(folder, 'models') })
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function create(request: CreateRequest, signal = new AbortController().signal): Promise<string[]> {
  const refuse = () => Promise.reject(new AppError('load_failed', 'no engine'))
  const dependencies = {
    store,
    pull: () => Promise.reject(new AppError('internal', 'no network')) as never,
    quantize: refuse,
    convert: convertHere,
    clock: systemClock,
  }
  const statuses: string[] = []
  for await (const { status } of createModel(request, signal, dependencies)) statuses.push(status)
  return statuses
}

/** As the client uploads them. */
async function upload(files: FolderFiles): Promise<Record<string, string>> {
  const digests = Object.entries(files).map(async ([name, content]): Promise<[string, string]> => {
    const bytes = typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content)
    return [name, (await store.blobs.write(bytes)).digest]
  })
  return Object.fromEntries(await Promise.all(digests))
}

async function layersOf(name: string) {
  const stored = await store.manifests.read(parseModelName(name))
  const config = parseConfigBlob(await store.blobs.readText(stored?.manifest.config.digest as never))
  return { config, mediaTypes: (stored?.manifest.layers ?? []).map(({ mediaType }) => mediaType), layers: stored?.manifest.layers ?? [] }
}

describe('a model from safetensors', () => {
  it('is converted, checked and described like any other', async () => {
    const statuses = await create({ model: 'qwen', files: await upload(modelFolder('qwen-3')) })
    expect(statuses.slice(0, 2)).toEqual(['converting model', 'validating GGUF model'])
    expect(statuses.slice(-2)).toEqual(['writing manifest', 'success'])
    const { config, mediaTypes } = await layersOf('qwen')
    expect(config).toMatchObject({ model_format: 'gguf', model_family: 'qwen3', file_type: 'BF16' })
    // ChatML is among the templates that are known by their text.
    expect(mediaTypes).toEqual([MEDIA_TYPES.model, MEDIA_TYPES.template, MEDIA_TYPES.params])
  })

  it('has the same bytes each time', async () => {
    const files = await upload(modelFolder('phi-4'))
    await create({ model: 'one', files })
    const again = await create({ model: 'two', files })
    expect((await layersOf('two')).layers).toEqual((await layersOf('one')).layers)
    expect(again).toContain(`using existing layer ${(await layersOf('one')).layers[0]?.digest}`)
  })

  it('says that images are left out', async () => {
    const statuses = await create({ model: 'gemma', files: await upload(modelFolder('gemma-3')) })
    expect(statuses[1]).toMatch(/images are left out/)
  })

  it('takes an adapter from safetensors', async () => {
    await create({ model: 'base', files: await upload(modelFolder('llama-2')) })
    const statuses = await create({ model: 'tuned', from: 'base', adapters: await upload(adapterFolder('llama-2-adapter')) })
    expect(statuses[0]).toBe('converting adapter')
    const { mediaTypes } = await layersOf('tuned')
    expect(mediaTypes).toContain(MEDIA_TYPES.adapter)
  })

  it('refuses an adapter of another model', async () => {
    await create({ model: 'base', files: await upload(modelFolder('llama-3')) })
    const adapters = await upload(adapterFolder('qwen-3-adapter'))
    await expect(create({ model: 'tuned', from: 'base', adapters })).rejects.toThrow('the adapter is made for another model')
  })

  // cli-registry.md section 5: a header length of -1 in a safetensors file kills Ollama's server.
  it('refuses a hostile header and goes on', async () => {
    const hostile = { ...modelFolder('phi-4'), 'model.safetensors': withHeader('{}', new Uint8Array(0), 2n ** 64n - 1n) }
    await expect(create({ model: 'bad', files: await upload(hostile) })).rejects.toMatchObject({ code: 'invalid_gguf' })
    expect(await store.manifests.list()).toEqual([])
    await create({ model: 'good', files: await upload(modelFolder('phi-4')) })
  })

  it('leaves nothing behind when the client goes', async () => {
    const files = await upload(modelFolder('phi-4'))
    const before = await readdir(path.join(folder, 'models', 'blobs'))
    await expect(create({ model: 'gone', files }, AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' })
    expect(await readdir(path.join(folder, 'models', 'blobs'))).toEqual(before)
    expect(await store.manifests.list()).toEqual([])
  })
})
