// Models for tests, made over the API like any client would.

import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import http from 'node:http'
import { sha256Of } from './package-files.ts'
import { TEST_MODEL_SHA256 } from './test-model.ts'

/** Uploads the small real model and creates `name` from it. */
export async function createSmol(url: string, name = 'smol', fields: Record<string, unknown> = {}): Promise<void> {
  const file = process.env.LLAMERO_TEST_GGUF
  if (!file) throw new Error('LLAMERO_TEST_GGUF is not set: tests/support/setup.ts should have done it')
  await createFromFile(url, { name, file, sha256: TEST_MODEL_SHA256, fields })
}

export interface FileModel {
  name: string
  file: string
  /** Of the file, where it is known. */
  sha256?: string
  /** More of the request. */
  fields?: Record<string, unknown>
}

/** Uploads a GGUF file, unless the server has it, and creates a model from it. */
export async function createFromFile(url: string, { name, file, sha256, fields = {} }: FileModel): Promise<void> {
  const digest = await uploadFile(url, file, sha256)
  await post(`${url}/api/create`, { model: name, files: { 'model.gguf': digest }, stream: false, ...fields })
}

/** Unless the server has it. Returns its digest. */
export async function uploadFile(url: string, file: string, sha256?: string): Promise<string> {
  const digest = `sha256:${sha256 ?? (await sha256Of(file))}`
  if ((await fetch(`${url}/api/blobs/${digest}`, { method: 'HEAD' })).status !== 200) await upload(`${url}/api/blobs/${digest}`, file)
  return digest
}

export async function post<T = Record<string, unknown>>(url: string, body: unknown, signal?: AbortSignal): Promise<T> {
  const answer = await fetch(url, { method: 'POST', body: JSON.stringify(body), ...(signal ? { signal } : {}) })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${answer.status} ${text}`)
  return JSON.parse(text) as T
}

/** The records of an NDJSON stream. */
export async function* postStream<T = Record<string, unknown>>(url: string, body: unknown, signal?: AbortSignal): AsyncGenerator<T> {
  const answer = await fetch(url, { method: 'POST', body: JSON.stringify(body), ...(signal ? { signal } : {}) })
  if (!answer.ok || !answer.body) throw new Error(`${answer.status} ${await answer.text()}`)
  const decoder = new TextDecoder()
  let pending = ''
  for await (const bytes of answer.body) {
    const lines = (pending + decoder.decode(bytes, { stream: true })).split('\n')
    pending = lines.pop() ?? ''
    for (const line of lines) yield JSON.parse(line) as T
  }
  if (pending !== '') throw new Error(`the stream ended inside a record: ${pending}`)
}

async function upload(url: string, file: string): Promise<void> {
  const { size } = await stat(file)
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const request = http.request(url, { method: 'POST', headers: { 'content-length': size } }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode))
    })
    request.on('error', reject)
    createReadStream(file).on('error', reject).pipe(request)
  })
  if (status !== 201) throw new Error(`the upload was answered with ${status}`)
}
