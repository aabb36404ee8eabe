import http from 'node:http'
import { post, type Target } from '../client.ts'
import type { Scenario } from '../scenario.ts'

const MODELS = 200
const CONNECTIONS = 8
const DURATION_MS = 2000
const NAMES = Array.from({ length: MODELS }, (_, index) => `bench-tags-${index}`)

/** Adds models to the store for as long as it runs. */
export const tags: Scenario = {
  name: `/api/tags with ${MODELS} models`,
  unit: 'requests/s',
  about: `${CONNECTIONS} connections that are kept, ${DURATION_MS / 1000} s; the models are copies of one`,
  bar: { own: 1500, ollama: 1 },
  needs: ['native', 'copies'],
  async prepare(target) {
    for (const destination of NAMES) await post(target, '/api/copy', { source: target.model, destination })
    const { models } = JSON.parse(await get(new http.Agent(), target)) as { models: unknown[] }
    if (models.length < MODELS) throw new Error(`${target.name}: ${models.length} models after ${MODELS} were added`)
  },
  async finish(target) {
    for (const model of NAMES) await fetch(`${target.url}/api/delete`, { method: 'DELETE', body: JSON.stringify({ model }) })
  },
  async measure(target) {
    const agent = new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS })
    const start = performance.now()
    let count = 0
    const ask = async () => {
      while (performance.now() - start < DURATION_MS) {
        await get(agent, target)
        count++
      }
    }
    await Promise.all(Array.from({ length: CONNECTIONS }, ask))
    const seconds = (performance.now() - start) / 1000
    agent.destroy()
    return count / seconds
  },
}

function get(agent: http.Agent, { name, url }: Target): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = http.get(`${url}/api/tags`, { agent }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject)
      response.on('end', () => {
        if (response.statusCode === 200) resolve(Buffer.concat(chunks).toString())
        else reject(new Error(`${name}: /api/tags answered ${response.statusCode}`))
      })
    })
    request.on('error', reject)
  })
}
