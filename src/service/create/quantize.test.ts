import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { copyFile, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import { convertHere } from '../../convert/conversion.ts'
import { readGgufHead } from '../../gguf/head.ts'
import { findFileType } from '../../gguf/quantization.ts'
import { writeWideModel } from '../../gguf/testing/wide-model.ts'
import { parseConfigBlob } from '../../model/config-blob.ts'
import type { Digest } from '../../model/digest.ts'
import { parseModelName } from '../../model/name.ts'
import type { Progress } from '../../registry/registry.ts'
import type { QuantizeModel } from '../../runner/runner.ts'
import type { Store } from '../../store/store.ts'
import { createScratch, type Scratch } from '../../store/testing/scratch.ts'
import type { CreateRequest } from '../service.ts'
import { createModel } from './create.ts'

const SMALL = { blocks: 1, feedForward: 32 }

let files: string
const fileOf = (name: string) => path.join(files, `${name}.gguf`)
beforeAll(async () => {
  files = mkdtempSync(path.join(os.tmpdir(), 'llamero-quantize-'))
  for (const type of ['F16', 'F32', 'BF16'] as const) await writeWideModel(fileOf(type), { type, ...SMALL })
  await writeWideModel(fileOf('Q8_0'), { type: 'F16', ...SMALL, fileType: findFileType('Q8_0') as number })
})
afterAll(() => rmSync(files, { recursive: true, force: true }))

let scratch: Scratch
let store: Store
beforeEach(async () => {
  scratch = await createScratch()
  store = scratch.store
})
afterEach(() => scratch.remove())

/** What stands for an engine: the same shapes in another type. */
const toMade: QuantizeModel = async ({ targetPath }, { onTensor }) => {
  onTensor?.('token_embd.weight')
  await copyFile(fileOf('BF16'), targetPath)
}

interface Run {
  /** The file that the model is made of. */
  file?: string
  quantize?: QuantizeModel
  signal?: AbortSignal
}

async function start(fields: Partial<CreateRequest>, { file = 'F16', quantize = toMade, signal = new AbortController().signal }: Run = {}) {
  const { digest } = await store.blobs.importFile(fileOf(file))
  const request = { model: 'made', files: { 'm.gguf': digest }, ...fields }
  const pull = () => {
    throw new AppError('internal', 'nothing is pulled here')
  }
  return createModel(request, signal, { store, clock: systemClock, quantize, convert: convertHere, pull })
}

async function create(fields: Partial<CreateRequest>, run: Run = {}): Promise<Progress[]> {
  const records = []
  for await (const record of await start(fields, run)) records.push(record)
  return records
}

const leftovers = () => readdirSync(path.join(scratch.root, 'blobs')).filter((name) => !/^sha256-[0-9a-f]{64}$/.test(name))

async function configOf(name: string) {
  const stored = await store.manifests.read(parseModelName(name))
  return parseConfigBlob(await store.blobs.readText(stored?.manifest.config.digest as Digest))
}

describe('a model that is quantized', () => {
  it('goes through the statuses of Ollama with progress up to the whole, and is not said to be validated', async () => {
    const records = await create({ quantize: 'bf16' })
    const { size: totalBytes } = statSync(fileOf('F16'))
    const working = records.filter(({ status }) => status === 'quantizing F16 model to BF16')
    expect(working.at(-1)).toEqual({
      status: 'quantizing F16 model to BF16',
      digest: '0000000000000000000',
      totalBytes,
      completedBytes: totalBytes,
    })
    const others = records.map(({ status }) => status).filter((status) => !status.startsWith('quantizing'))
    expect(others).toEqual([
      'parsing GGUF',
      'verifying conversion',
      expect.stringMatching(/^creating new layer sha256:/),
      'writing manifest',
      'success',
    ])
  })

  it('has the new file as its layer and its quantization in the config', async () => {
    await create({ quantize: 'BF16' })
    const stored = await store.manifests.read(parseModelName('made'))
    const head = await readGgufHead(store.blobs.path(stored?.manifest.layers[0]?.digest as Digest))
    expect(head.metadata.get('general.file_type')).toBe(findFileType('BF16'))
    expect(await configOf('made')).toMatchObject({ file_type: 'BF16', model_family: 'llama' })
    expect(leftovers()).toEqual([])
  })

  it('can come from another model, and then names no parent of the new file', async () => {
    await create({ model: 'base', system: 'Be brief.' })
    await create({ from: 'base', quantize: 'BF16' })
    const layers = (await store.manifests.read(parseModelName('made')))?.manifest.layers
    expect(layers?.map(({ from }) => from)).toEqual([undefined, 'base:latest'])
  })

  it('tells the engine the mix by its number', async () => {
    const asked: number[] = []
    const quantize: QuantizeModel = async (spec) => {
      asked.push(spec.fileType)
      throw new AppError('engine_error', 'enough')
    }
    for (const name of ['F32', 'BF16', 'Q8_0', 'Q4_0', 'Q4_1', 'q4_k', 'Q4_K_S', 'Q4_K_M', 'Q5_K_M', 'q6_K'])
      await expect(create({ quantize: name }, { quantize })).rejects.toThrow('enough')
    expect(asked).toEqual([0, 32, 7, 2, 3, 15, 14, 15, 17, 18])
  })

  it('is left as it is when it has that quantization already', async () => {
    const quantize: QuantizeModel = () => Promise.reject(new AppError('internal', 'nothing was to be done'))
    expect((await create({ quantize: 'F16' }, { quantize })).map(({ status }) => status)).toContain('validating GGUF model')
    expect((await create({ quantize: 'F32' }, { quantize, file: 'F32' })).at(-1)?.status).toBe('success')
    expect(await configOf('made')).toMatchObject({ file_type: 'F32' })
  })

  it('may be of 32 bits', async () => {
    const statuses = (await create({ quantize: 'BF16' }, { file: 'F32' })).map(({ status }) => status)
    expect(statuses).toContain('quantizing F32 model to BF16')
  })
})

describe('what was made on the way', () => {
  it('is removed when it was merged or converted for this request, and not when a client sent it', async () => {
    const blobs = () => readdirSync(path.join(scratch.root, 'blobs')).length
    await create({ quantize: 'BF16' })
    // The upload, the model, its config.
    expect(blobs()).toBe(3)
    const part = fileOf('part')
    await writeWideModel(part, { type: 'F16', ...SMALL, split: true, architecture: 'other' })
    const { digest } = await store.blobs.importFile(part)
    await create({ files: { 'm-00001-of-00001.gguf': digest }, quantize: 'BF16' })
    expect(blobs()).toBe(4)
  })
})

describe('a quantization that cannot be', () => {
  it('is refused before anything else when there is no such type', async () => {
    await expect(create({ quantize: 'Q5_0', files: {} })).rejects.toMatchObject({
      code: 'invalid_request',
      message: 'unsupported quantization type Q5_0 - supported types are F32, F16, BF16, Q8_0, Q6_K, Q5_K_M, Q4_K_M, Q4_K_S, Q4_1, Q4_0',
    })
  })

  it('is refused when the model is quantized already', async () => {
    await expect(create({ quantize: 'Q4_K_M' }, { file: 'Q8_0' })).rejects.toMatchObject({
      code: 'invalid_request',
      message: 'quantization is only supported for F16, BF16 and F32 models',
    })
  })

  it.each<[string, QuantizeModel, string]>([
    ['the engine fails', () => Promise.reject(new AppError('engine_error', 'no such architecture')), 'no such architecture'],
    ['its process dies', () => Promise.reject(new AppError('runner_crashed', 'SIGSEGV')), 'SIGSEGV'],
    ['it writes no model', ({ targetPath }) => writeFile(targetPath, 'GGUF'), 'GGUF'],
    [
      'it writes a model of another type',
      ({ targetPath, sourcePath }) => copyFile(sourcePath, targetPath),
      'another model than it was asked for',
    ],
  ])('leaves nothing behind when %s', async (_, quantize, message) => {
    const source = await store.blobs.importFile(fileOf('F16'))
    await expect(create({ quantize: 'BF16' }, { quantize })).rejects.toThrow(message)
    expect(readdirSync(path.join(scratch.root, 'blobs'))).toEqual([path.basename(store.blobs.path(source.digest))])
    expect(await store.manifests.list()).toEqual([])
  })
})

describe('a client that leaves', () => {
  /** Writes half a file and then works until it is called off. */
  const endless: QuantizeModel = async ({ targetPath }, { signal }) => {
    await writeFile(targetPath, 'half')
    await new Promise<void>((_, reject) => signal?.addEventListener('abort', () => reject(new AppError('cancelled', 'request canceled'))))
  }

  it.each(['aborts', 'stops reading'])('ends the work and leaves nothing when it %s', async (way) => {
    const stop = new AbortController()
    const records = await start({ quantize: 'BF16' }, { quantize: endless, signal: stop.signal })
    for (let next = await records.next(); !next.value?.status.startsWith('quantizing'); ) next = await records.next()
    if (way === 'aborts') {
      const next = records.next()
      stop.abort()
      await expect(next).rejects.toMatchObject({ code: 'cancelled' })
    } else {
      await records.return(undefined)
    }
    expect(leftovers()).toEqual([])
    expect(await store.manifests.list()).toEqual([])
  })
})

describe('a draft model that is quantized', () => {
  const drafted = async (file: string) => ({ draftFiles: { 'd.gguf': (await store.blobs.importFile(fileOf(file))).digest } })

  it('leaves the model as it is', async () => {
    await create({ ...(await drafted('F32')), draftQuantize: 'bf16' })
    const layers = (await store.manifests.read(parseModelName('made')))?.manifest.layers ?? []
    const types = await Promise.all(
      layers.slice(0, 2).map(async ({ digest }) => (await readGgufHead(store.blobs.path(digest))).metadata.get('general.file_type')),
    )
    expect(types).toEqual([findFileType('F16'), findFileType('BF16')])
    expect(layers.map(({ from }) => from)).not.toContain('d.gguf')
    expect((await configOf('made')).file_type).toBe('F16')
  })

  it('is refused when it has been quantized before, and when the model has', async () => {
    const words = 'draft quantization requires an unquantized draft model, got Q8_0'
    await expect(create({ ...(await drafted('Q8_0')), draftQuantize: 'BF16' })).rejects.toThrow(words)
    await expect(create({ ...(await drafted('F16')), quantize: 'BF16' }, { file: 'Q8_0' })).rejects.toThrow(
      'quantization is only supported',
    )
    expect(leftovers()).toEqual([])
  })
})
