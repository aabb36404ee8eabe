// A model that does not fit: its file claims a terabyte of weights (a hole in the file, not bytes on the disk), and this machine has less.

import { readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readGgufHead } from '../../src/gguf/head.ts'
import { writeTinyModel } from '../../src/gguf/testing/tiny-model.ts'
import { entriesOf, type GgufTensorData, writeGguf } from '../../src/gguf/writer.ts'
import { createFromFile, createSmol } from '../support/models.ts'
import { startServer, type TestServer } from '../support/server.ts'

const TERABYTE = 2 ** 40

let server: TestServer
beforeAll(async () => {
  server = await startServer()
  await createSmol(server.url)
  const file = path.join(server.home, 'tiny.gguf')
  await writeTinyModel(file)
  await createFromFile(server.url, { name: 'huge', file })
  await server.stop()
  await claimTerabyte(blobOfSize(server.models, statSync(file).size), file)
  server = await startServer({ home: server.home })
})
afterAll(async () => {
  await server.stop()
  server.clean()
})

function blobOfSize(models: string, sizeBytes: number): string {
  const folder = path.join(models, 'blobs')
  const found = readdirSync(folder).find((name) => statSync(path.join(folder, name)).size === sizeBytes)
  if (found === undefined) throw new Error('the model has no blob')
  return path.join(folder, found)
}

/** The same model with one more tensor, of which only the head is written. */
async function claimTerabyte(blob: string, source: string): Promise<void> {
  const head = await readGgufHead(source, { arrays: 'values' })
  const never = (): AsyncIterable<Uint8Array> => {
    throw new Error('the data of a tensor is not to be written')
  }
  const tensors = head.tensors.map(({ name, type, shape }): GgufTensorData => ({ name, type, shape: shape.map(Number), data: never }))
  const claimed: GgufTensorData = { name: 'blk.0.ffn_up_exps.weight', type: 'F32', shape: [64, TERABYTE / 256], data: never }
  for await (const bytes of writeGguf({ metadata: entriesOf(head), tensors: [claimed, ...tensors] })) {
    writeFileSync(blob, bytes)
    truncateSync(blob, bytes.byteLength + TERABYTE + statSync(source).size)
    return
  }
}

const generate = async (model: string) => {
  const answer = await fetch(`${server.url}/api/generate`, {
    method: 'POST',
    body: JSON.stringify({ model, prompt: 'Hi', stream: false, options: { num_predict: 2 } }),
  })
  return { status: answer.status, body: (await answer.json()) as { error?: string; response?: string } }
}

describe('a model that does not fit into memory', () => {
  it('is refused before it is loaded, with how much it needs and how much there is, and the loaded one stays', async () => {
    expect((await generate('smol')).status).toBe(200)
    const { status, body } = await generate('huge')
    expect(status).toBe(500)
    const found = /^model requires more system memory \(([\d.]+) GiB\) than is available \(([\d.]+) GiB\)$/.exec(body.error ?? '')
    expect(Number(found?.[1]), body.error).toBeGreaterThanOrEqual(1024)
    expect(Number(found?.[2])).toBeLessThanOrEqual(os.totalmem() / 2 ** 30)
    const { models } = (await (await fetch(`${server.url}/api/ps`)).json()) as { models: { name: string }[] }
    expect(models.map(({ name }) => name)).toEqual(['smol:latest'])
    expect((await generate('smol')).status).toBe(200)
  })
})
