// A model whose file is in Ollama's own layout, with its tower inside: it writes what the same model writes from a file in llama.cpp's, and it sees.

import { existsSync, readdirSync, rmSync, truncateSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readGgufHead } from '../../src/gguf/head.ts'
import { findGemma, GEMMA_SHA256 } from '../support/gemma.ts'
import { sayGreedily } from '../support/greedy.ts'
import { createFromFile, post, uploadFile } from '../support/models.ts'
import { writeOllamaGemma } from '../support/ollama-layout.ts'
import { BLUE, COLOUR_ROWS, type Colour, colourPng, GREEN, RED, writeColourProjector } from '../support/projector.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { describeTensors } from '../support/tensors.ts'

const gemma = await findGemma()
if ('missing' in gemma) console.warn(`tests/real/layouts.test.ts is left out, since Gemma 3 270M cannot be fetched: ${gemma.missing}`)

const PROMPTS = ['The capital of France is', '\ufeffusing System;\n\npublic class', 'Once upon a time, there was a little']

describe.skipIf('missing' in gemma)('a model in a layout of Ollama’s own', () => {
  const file = 'file' in gemma ? gemma.file : ''
  let server: TestServer
  let folder: string
  let projector: string
  let copies: string

  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'llamero-layouts-'))
    projector = path.join(folder, 'mmproj.gguf')
    const foreign = path.join(folder, 'foreign.gguf')
    // Rows of tokens are multiplied by the root of their length, rows of images are not.
    await writeColourProjector(file, projector, { space: '▁', scale: Math.sqrt(640) })
    await writeOllamaGemma(file, projector, foreign)
    server = await startServer()
    copies = path.join(server.home, '.llamero', 'cache', 'translated')
    await createFromFile(server.url, { name: 'plain', file, sha256: GEMMA_SHA256 })
    await createFromFile(server.url, { name: 'foreign', file: foreign, fields: { template: '{{ .Prompt }}' } })
    const files = { 'model.gguf': `sha256:${GEMMA_SHA256}`, 'mmproj.gguf': await uploadFile(server.url, projector) }
    await post(`${server.url}/api/create`, { model: 'apart', files, template: '{{ .Prompt }}', stream: false })
  })
  afterAll(async () => {
    await server.stop()
    server.clean()
    rmSync(folder, { recursive: true })
  })

  const copyOf = (part: string) => path.join(copies, readdirSync(copies).find((name) => name.includes(`-${part}-`)) ?? part)
  const unload = (model: string) => post(`${server.url}/api/generate`, { model, keep_alive: 0 })

  it('writes what the same model writes without a translation', async () => {
    for (const prompt of PROMPTS)
      expect(await sayGreedily(server.url, 'foreign', prompt)).toEqual(await sayGreedily(server.url, 'plain', prompt))
  })

  it('is translated into the tensors and the vocabulary of the file that it was made of', async () => {
    const [translated, plain] = await Promise.all([copyOf('text'), file].map((one) => readGgufHead(one, { arrays: 'values' })))
    expect(await describeTensors(copyOf('text'))).toEqual(await describeTensors(file))
    expect(translated?.metadata.get('tokenizer.ggml.tokens')).toEqual(plain?.metadata.get('tokenizer.ggml.tokens'))
    expect(translated?.metadata.get('gemma3.rope.freq_base')).toBe(1_000_000)
    expect(await describeTensors(copyOf('projector'))).toEqual(await describeTensors(projector))
    const [made, wanted] = await Promise.all([copyOf('projector'), projector].map((one) => readGgufHead(one, { arrays: 'values' })))
    const clipOf = (head: typeof made) =>
      Object.fromEntries([...(head?.metadata ?? [])].filter(([key]) => key.startsWith('clip.')).toSorted())
    expect(clipOf(made)).toEqual(clipOf(wanted))
  })

  it('sees what the same model sees with its projector beside it', async () => {
    const look = async (model: string, colour: Colour) => {
      const images = [Buffer.from(colourPng(colour)).toString('base64')]
      const options = { temperature: 0, repeat_penalty: 1, num_predict: 8 }
      const prompt = ' is the color of my car. My car is'
      return post<{ response: string; prompt_eval_count: number }>(`${server.url}/api/generate`, {
        model,
        prompt,
        images,
        options,
        stream: false,
      })
    }
    for (const colour of [RED, GREEN, BLUE]) {
      const [seen, apart] = [await look('foreign', colour), await look('apart', colour)]
      expect(seen.response).toBe(apart.response)
      expect(seen.prompt_eval_count).toBeGreaterThan(COLOUR_ROWS)
    }
    expect((await look('foreign', RED)).response).not.toBe((await look('foreign', BLUE)).response)
  })

  it('is translated once, again when the copy was cut, and the copies go with the model', async () => {
    const before = readdirSync(copies).toSorted()
    expect(before).toHaveLength(2)
    await unload('foreign')
    truncateSync(copyOf('text'), 1_000_000)
    expect(await sayGreedily(server.url, 'foreign', 'One, two,')).toEqual(await sayGreedily(server.url, 'plain', 'One, two,'))
    expect(readdirSync(copies).toSorted()).toEqual(before)
    await unload('foreign')
    await fetch(`${server.url}/api/delete`, { method: 'DELETE', body: JSON.stringify({ model: 'foreign' }) })
    expect(existsSync(copies) ? readdirSync(copies) : []).toEqual([])
  })
})
