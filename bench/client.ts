// The same client for every server: raw HTTP, so that what is measured is the server. It speaks the native API, or that of llama.cpp's own server.

import http from 'node:http'
import { findKind, type ServerKind, type TokenRecord, toCompletionRequest, toNativeRecord } from './llama-server.ts'
import type { TracedToken } from './same-text.ts'
import type { ServerProcess } from './server-process.ts'

export interface Target {
  name: string
  url: string
  model: string
  kind: ServerKind
  embeddingModel?: string
  process?: ServerProcess
  /** Models may be added to its store for a while. */
  mayCopy: boolean
}

export interface Reply {
  /** Milliseconds from sending the request to the first record with text. */
  firstTokenMs: number
  totalMs: number
  evalTokens: number
  promptTokens: number
  /** Milliseconds between the first and the last record with text. */
  streamMs: number
  text: string
  /** With log-probabilities, where they were asked for. */
  tokens: TracedToken[]
}

const UNLOAD_MS = 30_000

// A connection for each request: one that was kept may have ended while the engine was measured.
const agent = new http.Agent({ keepAlive: false, maxSockets: 64 })

export async function findTarget(target: Omit<Target, 'kind'>): Promise<Target> {
  return { ...target, kind: await findKind(target.url) }
}

/** `more`: fields of the request beside the usual ones. */
export function generate(
  target: Target,
  prompt: string,
  options: Record<string, unknown>,
  more: Record<string, unknown> = {},
): Promise<Reply> {
  const fields = { model: target.model, prompt, raw: true, stream: true, options: { temperature: 0, ...options }, ...more }
  const isNative = target.kind === 'native'
  const body = JSON.stringify(isNative ? fields : toCompletionRequest(fields))
  const start = performance.now()
  return new Promise((resolve, reject) => {
    const request = http.request(
      `${target.url}${isNative ? '/api/generate' : '/completion'}`,
      { method: 'POST', agent, headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } },
      (response) => {
        let pending = ''
        let first = 0
        let last = 0
        let text = ''
        const tokens: TracedToken[] = []
        response.setEncoding('utf8')
        response.on('data', (data: string) => {
          const lines = (pending + data).split('\n')
          pending = lines.pop() ?? ''
          for (const line of lines) {
            const record = isNative ? JSON.parse(line) : toNativeRecord(line)
            if (record === undefined) continue
            if (record.error) return reject(new Error(`${target.name}: ${record.error}`))
            if (record.response) {
              last = performance.now()
              first ||= last
              text += record.response
            }
            for (const token of record.logprobs ?? []) tokens.push(toTracedToken(token))
            if (record.done) {
              resolve({
                firstTokenMs: first - start,
                totalMs: performance.now() - start,
                evalTokens: record.eval_count ?? 0,
                promptTokens: record.prompt_eval_count ?? 0,
                streamMs: last - first,
                text,
                tokens,
              })
            }
          }
        })
        response.on('error', reject)
        response.on('end', () =>
          reject(new Error(`${target.name}: the stream ended without a last record (status ${response.statusCode}) ${pending}`)),
        )
      },
    )
    request.on('error', reject)
    request.end(body)
  })
}

/** The same again, to see how sure of its tokens the server is. */
export async function trace(target: Target, prompt: string, options: Record<string, unknown>): Promise<TracedToken[]> {
  const { tokens } = await generate(target, prompt, options, { logprobs: true, top_logprobs: 2 })
  if (tokens.length === 0) throw new Error(`${target.name}: a reply without log-probabilities`)
  return tokens
}

function toTracedToken({ token, bytes, top_logprobs }: TokenRecord): TracedToken {
  const [first, second] = top_logprobs.map(({ logprob }) => logprob).sort((a, b) => b - a)
  return { bytes: bytes ? Buffer.from(bytes) : Buffer.from(token), lead: (first ?? 0) - (second ?? Number.NEGATIVE_INFINITY) }
}

/** Tokens per second of one stream, between the first and the last record. */
export function decodeSpeed({ evalTokens, streamMs }: Reply): number {
  return ((evalTokens - 1) / streamMs) * 1000
}

export async function embed(target: Target, input: readonly string[]): Promise<void> {
  const { embeddings } = await post<{ embeddings: number[][] }>(target, '/api/embed', { model: target.embeddingModel, input })
  if (embeddings.length !== input.length) throw new Error(`${target.name}: ${embeddings.length} vectors for ${input.length} texts`)
}

/** Takes the model out of the server's memory, and returns when it is out. */
export async function unload(target: Target, model = target.model): Promise<void> {
  await post(target, '/api/generate', { model, keep_alive: 0, stream: false })
  const isLoaded = async () => {
    const { models } = (await (await fetch(`${target.url}/api/ps`)).json()) as { models: { name: string }[] }
    return models.some(({ name }) => name === model || name === `${model}:latest`)
  }
  const deadline = performance.now() + UNLOAD_MS
  while (await isLoaded()) {
    if (performance.now() > deadline) throw new Error(`${target.name}: ${model} is still loaded ${UNLOAD_MS / 1000} s after it was to go`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

export async function post<T = unknown>({ name, url }: Pick<Target, 'name' | 'url'>, path: string, body: object): Promise<T> {
  const answer = await fetch(`${url}${path}`, { method: 'POST', body: JSON.stringify(body) })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${name}: ${path} answered ${answer.status} ${text.slice(0, 200)}`)
  return (text === '' ? undefined : JSON.parse(text)) as T
}
