// The same client for every server that speaks the native API: raw HTTP, so that what is measured is the server.

import http from 'node:http'

export interface Target {
  name: string
  url: string
  model: string
  embeddingModel?: string
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
}

// A connection for each request: one that was kept may have ended while the engine was measured.
const agent = new http.Agent({ keepAlive: false, maxSockets: 64 })

/** `more`: fields of the request beside the usual ones. */
export function generate(
  target: Target,
  prompt: string,
  options: Record<string, unknown>,
  more: Record<string, unknown> = {},
): Promise<Reply> {
  const body = JSON.stringify({ model: target.model, prompt, raw: true, stream: true, options: { temperature: 0, ...options }, ...more })
  const start = performance.now()
  return new Promise((resolve, reject) => {
    const request = http.request(
      `${target.url}/api/generate`,
      { method: 'POST', agent, headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } },
      (response) => {
        let pending = ''
        let first = 0
        let last = 0
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (data: string) => {
          const lines = (pending + data).split('\n')
          pending = lines.pop() ?? ''
          for (const line of lines) {
            const record = JSON.parse(line)
            if (record.error) return reject(new Error(`${target.name}: ${record.error}`))
            if (record.response) {
              last = performance.now()
              first ||= last
              text += record.response
            }
            if (record.done) {
              resolve({
                firstTokenMs: first - start,
                totalMs: performance.now() - start,
                evalTokens: record.eval_count ?? 0,
                promptTokens: record.prompt_eval_count ?? 0,
                streamMs: last - first,
                text,
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

export async function embed(target: Target, input: readonly string[]): Promise<void> {
  const body = JSON.stringify({ model: target.embeddingModel, input })
  const answer = await fetch(`${target.url}/api/embed`, { method: 'POST', body })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${target.name}: ${text}`)
  const { embeddings } = JSON.parse(text) as { embeddings: number[][] }
  if (embeddings.length !== input.length) throw new Error(`${target.name}: ${embeddings.length} vectors for ${input.length} texts`)
}
