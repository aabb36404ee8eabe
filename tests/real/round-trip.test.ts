// `show --modelfile X > M && create Y -f M`: the Modelfile that we print makes the same model again.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeTinyAdapter } from '../../src/gguf/testing/tiny-adapter.ts'
import { writeTinyModel } from '../../src/gguf/testing/tiny-model.ts'
import { writeGgufFile } from '../../src/gguf/writer.ts'
import { runCli } from '../support/cli.ts'
import { startServer, type TestServer } from '../support/server.ts'

interface Manifest {
  config: { digest: string }
  layers: { mediaType: string; digest: string }[]
}

let server: TestServer
let folder: string
beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'llamero-round-trip-'))
  await writeTinyModel(path.join(folder, 'tiny.gguf'))
  await writeTinyModel(path.join(folder, 'unknown-template.gguf'), { chatTemplate: '{{ messages[0].content }} is all that I say' })
  await writeTinyModel(path.join(folder, 'plain.gguf'), { chatTemplate: null })
  await writeTinyAdapter(path.join(folder, 'adapter.gguf'))
  await writeGgufFile(path.join(folder, 'projector.gguf'), {
    metadata: [
      { key: 'general.type', type: 'string', value: 'projector' },
      { key: 'general.architecture', type: 'string', value: 'clip' },
      { key: 'clip.has_vision_encoder', type: 'bool', value: true },
    ],
    tensors: [{ name: 'v.x.weight', type: 'F32', shape: [32], data: new Uint8Array(128) }],
  })
  server = await startServer()
})
afterAll(async () => {
  await server.stop()
  server.clean()
  rmSync(folder, { recursive: true, force: true })
})

const llamero = async (...words: string[]): Promise<string> => {
  const { status, out, err } = await runCli(server, folder, words)
  expect(status, err).toBe(0)
  return out
}

async function create(name: string, modelfile: string): Promise<void> {
  writeFileSync(path.join(folder, 'Modelfile'), modelfile)
  await llamero('create', name, '-f', 'Modelfile')
}

const readManifest = (name: string): Manifest => {
  return JSON.parse(readFileSync(path.join(server.models, 'manifests', 'registry.ollama.ai', 'library', name, 'latest'), 'utf8'))
}
const layersOf = (name: string) => {
  return readManifest(name)
    .layers.map(({ mediaType, digest }) => `${mediaType} ${digest}`)
    .sort()
}

const FULL = `
TEMPLATE """{{ if .System }}<|im_start|>system
{{ .System }}<|im_end|>
{{ end }}<|im_start|>user
"{{ .Prompt }}"<|im_end|>
"""
SYSTEM """  You say "yes",
and nothing else.  """
PARAMETER num_ctx 131072
PARAMETER num_predict 1048576
PARAMETER temperature 0.7
PARAMETER min_p 0.05
PARAMETER seed -1
PARAMETER stop "<|im_end|>"
PARAMETER stop "a b "
PARAMETER stop say "no"
PARAMETER stop "
"
LICENSE """MIT License

Permission is hereby granted, "free of charge".
"""
LICENSE Apache-2.0
MESSAGE system Be brief.
MESSAGE user Is Toronto in Canada?
MESSAGE assistant """yes
  and more"""
MESSAGE user "  spaces  "
`

describe('a Modelfile that show prints', () => {
  it.each([
    ['a file alone', 'FROM ./tiny.gguf\n'],
    ['a file whose chat template we use as it is', 'FROM ./unknown-template.gguf\n'],
    ['a file without a chat template', 'FROM ./plain.gguf\n'],
    ['all kinds of text', `FROM ./tiny.gguf${FULL}`],
    ['texts over a file without a chat template', `FROM ./plain.gguf${FULL}`],
    ['an adapter', `FROM ./tiny.gguf\nADAPTER ./adapter.gguf${FULL}`],
    ['a projector', 'FROM ./tiny.gguf\nFROM ./projector.gguf\nSYSTEM See.\n'],
    ['a renderer and a parser', 'FROM ./tiny.gguf\nRENDERER qwen3-coder\nPARSER qwen3-coder\nPARAMETER temperature 1\n'],
  ])('makes the same layers and the same config again: %s', async (_, modelfile) => {
    await create('first', modelfile)
    await create('again', await llamero('show', '--modelfile', 'first'))
    expect(layersOf('again')).toEqual(layersOf('first'))
    expect(readManifest('again').config.digest).toBe(readManifest('first').config.digest)
  })

  it('does so for a model that was made from another', async () => {
    await create('base', `FROM ./tiny.gguf${FULL}`)
    await create('first', 'FROM base\nSYSTEM Other.\nLICENSE more\nPARAMETER top_k 3\n')
    await create('again', await llamero('show', '--modelfile', 'first'))
    expect(layersOf('again')).toEqual(layersOf('first'))
  })
})
