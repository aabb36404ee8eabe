// Quantization on create, by the real engine: the files are those of llama.cpp's own llama-quantize, byte for byte.

import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readGgufHead } from '../../src/gguf/head.ts'
import { writeTinyModel } from '../../src/gguf/testing/tiny-model.ts'
import { type WideModelOptions, writeWideModel } from '../../src/gguf/testing/wide-model.ts'
import { estimateQuantizedBytes, parseQuantization } from '../../src/service/create/quantization-plan.ts'
import { runCli } from '../support/cli.ts'
import { createFromFile, post, postStream } from '../support/models.ts'
import { sha256Of } from '../support/package-files.ts'
import { root } from '../support/paths.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { describeTensors } from '../support/tensors.ts'

interface Case {
  source: WideModelOptions['type']
  wanted: string
  /** Of the whole file. */
  sha256: string
  /** Name -> type and the first digits of the hash of its data. */
  tensors: Record<string, string>
}

interface Shown {
  modelfile: string
  details: { quantization_level: string; parent_model: string }
  model_info: Record<string, unknown>
  tensors: { name: string; type: string }[]
}

const { cases } = JSON.parse(readFileSync(path.join(root, 'tests', 'fixtures', 'quantized.json'), 'utf8')) as { cases: Case[] }
/** A compiler for another processor may round a weight the other way. */
const sameRounding = process.arch === 'x64'

let server: TestServer
let folder: string
const fileOf = (name: string) => path.join(folder, `${name}.gguf`)
beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'llamero-quantize-'))
  server = await startServer()
  for (const source of ['F16', 'F32', 'BF16'] as const) {
    await writeWideModel(fileOf(source), { type: source })
    await createFromFile(server.url, { name: source, file: fileOf(source) })
  }
})
afterAll(async () => {
  await server.stop()
  server.clean()
  rmSync(folder, { recursive: true, force: true })
})

const show = (model: string) => post<Shown>(`${server.url}/api/show`, { model })
const blobOf = ({ modelfile }: Shown) => /^FROM (.+)$/m.exec(modelfile)?.[1] as string

describe('a quantized model', () => {
  it.each(cases)('of $source in $wanted is what llama-quantize makes', async ({ source, wanted, sha256, tensors }) => {
    await post(`${server.url}/api/create`, { model: 'made', from: source, quantize: wanted.toLowerCase(), stream: false })
    const shown = await show('made')
    const file = blobOf(shown)
    const found = await describeTensors(file)
    const types = (described: Record<string, string>) => Object.entries(described).map(([name, text]) => `${name} ${text.split(' ')[0]}`)
    expect(types(found)).toEqual(types(tensors))
    if (sameRounding) {
      expect(found).toEqual(tensors)
      expect(await sha256Of(file)).toBe(sha256)
    }
    expect(shown.details).toMatchObject({ quantization_level: wanted, parent_model: '' })
    expect(shown.tensors.map(({ name, type }) => `${name} ${type}`).sort()).toEqual(types(tensors).sort())
    const { models } = (await (await fetch(`${server.url}/api/tags`)).json()) as { models: { name: string; details: object }[] }
    expect(models.find(({ name }) => name === 'made:latest')?.details).toMatchObject({ quantization_level: wanted })
    const expected = estimateQuantizedBytes(parseQuantization(wanted), await readGgufHead(fileOf(source)))
    expect(statSync(file).size).toBeLessThanOrEqual(expected)
    expect(expected).toBeLessThan(statSync(file).size * 1.25)
  })

  it('comes with progress up to the whole, by the older word for it too', async () => {
    const records = []
    const request = { model: 'made', from: 'F16', quantization: 'Q6_K' }
    for await (const record of postStream<{ status: string; completed?: number; total?: number }>(`${server.url}/api/create`, request))
      records.push(record)
    const working = records.filter(({ status }) => status === 'quantizing F16 model to Q6_K')
    const amounts = working.map(({ completed = 0 }) => completed)
    expect(amounts).toEqual([...amounts].sort((a, b) => a - b))
    expect(working.at(-1)).toMatchObject({
      digest: '0000000000000000000',
      total: statSync(fileOf('F16')).size,
      completed: working.at(-1)?.total,
    })
    expect(records.map(({ status }) => status).slice(working.length)).toEqual([
      'verifying conversion',
      expect.stringMatching(/layer sha256:/),
      'writing manifest',
      'success',
    ])
  })

  it('still says what it did', async () => {
    await writeTinyModel(fileOf('tiny'), { reply: ['Good', ' morning'] })
    await createFromFile(server.url, { name: 'tiny', file: fileOf('tiny'), fields: { quantize: 'Q8_0' } })
    expect((await show('tiny')).details.quantization_level).toBe('Q8_0')
    const answer = await post<{ message: { content: string } }>(`${server.url}/api/chat`, {
      model: 'tiny',
      messages: [{ role: 'user', content: 'Hi' }],
      stream: false,
    })
    expect(answer.message.content).toBe('Good morning')
  })

  it('keeps the precision of what is fragile, and the parts that are no text model', async () => {
    const tensors = [
      { name: 'v.blk.0.attn_q.weight', shape: [256, 64] },
      { name: 'per_layer_token_embd.weight', shape: [256, 64] },
    ]
    await writeWideModel(fileOf('parts'), { type: 'F16', blocks: 1, tensors })
    await createFromFile(server.url, { name: 'parts', file: fileOf('parts'), fields: { quantize: 'Q4_K_M' } })
    const types = new Map((await show('parts')).tensors.map(({ name, type }) => [name, type]))
    expect(types.get('v.blk.0.attn_q.weight')).toBe('F16')
    expect(types.get('per_layer_token_embd.weight')).not.toBe('F16')
    expect(types.get('blk.0.attn_q.weight')).toBe('Q4_K')
  })

  it('is refused when it is quantized already', async () => {
    await post(`${server.url}/api/create`, { model: 'made', from: 'F16', quantize: 'Q8_0', stream: false })
    await expect(post(`${server.url}/api/create`, { model: 'again', from: 'made', quantize: 'Q4_K_M', stream: false })).rejects.toThrow(
      'quantization is only supported for F16, BF16 and F32 models',
    )
  })

  it('is made by the command line, with its progress', async () => {
    writeFileSync(path.join(folder, 'Modelfile'), `FROM ${fileOf('F32')}\n`)
    const { status, err: text } = await runCli(server, folder, ['create', 'by-cli', '-q', 'q4_K_M'])
    expect(status, text).toBe(0)
    expect(text).toContain('quantizing F32 model to Q4_K_M 100%\nverifying conversion\n')
    expect((await show('by-cli')).details.quantization_level).toBe('Q4_K_M')
  })
})
