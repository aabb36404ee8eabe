// Families that no test can fetch, as small models of random weights: from Ollama's layout they come out as they are in llama.cpp's, and they write
// and see the same.

import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TRANSLATION_VERSION } from '../../src/translate/translator.ts'
import { sayGreedily } from '../support/greedy.ts'
import { createFromFile, post, uploadFile } from '../support/models.ts'
import { sha256Of } from '../support/package-files.ts'
import { colourPng, RED } from '../support/projector.ts'
import { RANDOM_GPT_OSS, RANDOM_MISTRAL3, RANDOM_QWEN3VL, RANDOM_QWEN25VL } from '../support/random-families.ts'
import { type RandomModel, writeRandomModel } from '../support/random-model.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { describeTensors } from '../support/tensors.ts'
import { findTestModel } from '../support/test-model.ts'

let server: TestServer
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'llamero-random-layouts-'))
  server = await startServer()
})
afterAll(async () => {
  await server.stop()
  server.clean()
  rmSync(folder, { recursive: true })
})

describe.each<[string, RandomModel]>([
  ['gptoss', RANDOM_GPT_OSS],
  ['qwen25vl', RANDOM_QWEN25VL],
  ['mistral3', RANDOM_MISTRAL3],
  ['qwen3vl', RANDOM_QWEN3VL],
])('%s', (name, model) => {
  const fileOf = (which: string) => path.join(folder, `${name}-${which}.gguf`)
  let digest: string
  const copyOf = (part: string) =>
    path.join(server.home, '.llamero', 'cache', 'translated', `${digest}-${part}-${TRANSLATION_VERSION}.gguf`)

  beforeAll(async () => {
    await writeRandomModel(await findTestModel(), model, {
      model: fileOf('model'),
      projector: fileOf('projector'),
      foreign: fileOf('foreign'),
    })
    digest = await sha256Of(fileOf('foreign'))
    const files = {
      'model.gguf': await uploadFile(server.url, fileOf('model')),
      ...(model.projector ? { 'mmproj.gguf': await uploadFile(server.url, fileOf('projector')) } : {}),
    }
    await post(`${server.url}/api/create`, { model: `${name}-plain`, files, template: '{{ .Prompt }}', stream: false })
    await createFromFile(server.url, { name: `${name}-foreign`, file: fileOf('foreign'), fields: { template: '{{ .Prompt }}' } })
  })

  it('writes the same', async () => {
    const prompt = 'Once upon a time'
    expect(await sayGreedily(server.url, `${name}-foreign`, prompt)).toEqual(await sayGreedily(server.url, `${name}-plain`, prompt))
  })

  it('has the same tensors', async () => {
    expect(await describeTensors(copyOf('text'))).toEqual(await describeTensors(fileOf('model')))
    if (model.projector) expect(await describeTensors(copyOf('projector'))).toEqual(await describeTensors(fileOf('projector')))
  })

  it.runIf(model.projector)('sees the same', async () => {
    const images = [Buffer.from(colourPng(RED)).toString('base64')]
    const look = (which: string) =>
      post<{ response: string; prompt_eval_count: number }>(`${server.url}/api/generate`, {
        model: `${name}-${which}`,
        prompt: 'What is it?',
        images,
        options: { temperature: 0, repeat_penalty: 1, num_predict: 8 },
        stream: false,
      })
    const [foreign, plain] = [await look('foreign'), await look('plain')]
    expect(foreign.response).toBe(plain.response)
    expect(foreign.prompt_eval_count).toBe(plain.prompt_eval_count)
    expect(foreign.prompt_eval_count).toBeGreaterThan(8)
  })
})
