// What a real server answers, against the types that npm's SDKs declare: each answer and each event of a stream is written down as a constant of
// TypeScript, and the compiler says whether a client may read it as what it is told to be. Keys beyond theirs are allowed, missing ones are not.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSmol } from '../support/models.ts'
import { root } from '../support/paths.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { createScripted } from './scripted.ts'

const messages = [{ role: 'user', content: 'Weather in Paris?' }]
const short = { model: 'smol', temperature: 0, max_tokens: 4 }
const parameters = { type: 'object', properties: { city: { type: 'string' }, days: { type: 'integer' } }, required: ['city'] }
const weather = { name: 'get_weather', description: 'Weather of a city' }
const openAiTool = { type: 'function', function: { ...weather, parameters, strict: true } }
const responsesTool = { type: 'function', ...weather, parameters, strict: null }
const anthropicTool = { ...weather, input_schema: parameters }
const format = { type: 'json_schema', name: 'city', description: 'A city', strict: true, schema: parameters }
const usageOf = { stream_options: { include_usage: true } }

/** Path, body, and the names of the types of the whole answer and of an event; undefined where it does not stream. */
type Case = [path: string, body: object | undefined, whole: string, event?: string]

const CHAT = ['OpenAI.ChatCompletion', 'OpenAI.ChatCompletionChunk'] as const
/** While it goes on, a choice has no reason to end, which these types forget. */
const COMPLETION = ['OpenAI.Completion', 'Streamed<OpenAI.Completion>'] as const
const RESPONSE = ['OpenAI.Responses.Response', 'OpenAI.Responses.ResponseStreamEvent'] as const
const MESSAGE = ['Anthropic.Message', 'Anthropic.RawMessageStreamEvent'] as const
const anthropic = { messages, max_tokens: 50 }

const CASES: readonly Case[] = [
  ['/v1/chat/completions', { ...short, messages, ...usageOf }, ...CHAT],
  ['/v1/chat/completions', { ...short, messages, n: 2, seed: 7, logprobs: true, top_logprobs: 2, service_tier: 'auto' }, ...CHAT],
  ['/v1/chat/completions', { model: 'caller', messages, tools: [openAiTool], ...usageOf }, ...CHAT],
  ['/v1/chat/completions', { model: 'thinker', messages, reasoning_effort: 'low' }, ...CHAT],
  ['/v1/completions', { ...short, prompt: 'One, two', logprobs: 2, ...usageOf }, ...COMPLETION],
  ['/v1/completions', { ...short, prompt: 'One, two', echo: true, ...usageOf }, ...COMPLETION],
  ['/v1/completions', { ...short, prompt: ['One', 'Two'] }, ...COMPLETION],
  ['/v1/embeddings', { model: 'embedder', input: ['a', 'b'] }, 'OpenAI.CreateEmbeddingResponse'],
  ['/v1/responses', { model: 'smol', input: 'Hello', max_output_tokens: 4, top_logprobs: 2, store: true }, ...RESPONSE],
  ['/v1/responses', { model: 'smol', input: 'Hello', max_output_tokens: 60, text: { format } }, ...RESPONSE],
  ['/v1/responses', { model: 'caller', input: 'Weather in Paris?', tools: [responsesTool], tool_choice: 'required' }, ...RESPONSE],
  ['/v1/responses', { model: 'thinker', input: 'Six times seven?', reasoning: { effort: 'low', summary: 'auto' } }, ...RESPONSE],
  ['/v1/responses/input_tokens', { model: 'smol', input: 'Hello' }, 'OpenAI.Responses.InputTokenCountResponse'],
  ['/v1/models', undefined, '{ object: string; data: OpenAI.Model[] }'],
  ['/v1/models/smol', undefined, 'OpenAI.Model'],
  ['/v1/messages', { model: 'smol', ...anthropic, max_tokens: 4 }, ...MESSAGE],
  ['/v1/messages', { model: 'smol', ...anthropic, stop_sequences: [' '] }, ...MESSAGE],
  ['/v1/messages', { model: 'caller', ...anthropic, tools: [anthropicTool] }, ...MESSAGE],
  ['/v1/messages', { model: 'thinker', ...anthropic, thinking: { type: 'enabled', budget_tokens: 1024 } }, ...MESSAGE],
  ['/v1/messages/count_tokens', { model: 'smol', messages }, 'Anthropic.MessageTokensCount'],
  ['/v1/models?limit=5', undefined, '{ data: Anthropic.ModelInfo[]; has_more: boolean; first_id: string | null; last_id: string | null }'],
  ['/v1/models/caller:latest?', undefined, 'Anthropic.ModelInfo'],
  ['/v1/messages', { model: 'nobody', ...anthropic }, 'Anthropic.ErrorResponse'],
  ['/v1/messages', { model: 'smol', messages }, 'Anthropic.ErrorResponse'],
]

let server: TestServer
beforeAll(async () => {
  server = await startServer()
  await createSmol(server.url)
  await createScripted(server.url)
})
afterAll(async () => {
  await server.stop()
  server.clean()
})

describe('what the server answers', () => {
  it('is of the types that the SDKs declare, whole and in every event', async () => {
    const answers: Answer[] = []
    for (const [at, body, whole, event] of CASES) {
      answers.push({ type: whole, value: JSON.parse(await ask(at, body)) })
      if (event === undefined) continue
      const stream = await ask(at, { ...body, stream: true })
      const events = readEvents(stream)
      expect(events.length, stream).toBeGreaterThan(2)
      answers.push(...events.map((value) => ({ type: event, value })))
    }
    expect(complaintsOf(answers)).toEqual([])
  })

  it('would be found out if it were not', () => {
    const answers = [{ type: 'Anthropic.RawMessageStreamEvent', value: { type: 'content_block_stop' } }]
    expect(complaintsOf(answers).join('\n')).toContain("Property 'index' is missing")
  })
})

async function ask(at: string, body?: object): Promise<string> {
  const isAnthropic = at.includes('?') || at.includes('/messages')
  const headers: Record<string, string> = isAnthropic ? { 'anthropic-version': '2023-06-01' } : {}
  const answer = await fetch(`${server.url}${at}`, { headers, ...(body ? { method: 'POST', body: JSON.stringify(body) } : {}) })
  return await answer.text()
}

/** Pings, and the end of OpenAI's streams, are for no reader of the types. */
function readEvents(stream: string): unknown[] {
  const data = stream.split('\n').filter((line) => line.startsWith('data: ') && line !== 'data: [DONE]')
  return data.map((line) => JSON.parse(line.slice('data: '.length)) as { type?: string }).filter(({ type }) => type !== 'ping')
}

interface Answer {
  type: string
  value: unknown
}

/** What the compiler says, a line for each. */
function complaintsOf(answers: readonly Answer[]): string[] {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'llamero-types-'))
  try {
    const source = new Source()
    for (const answer of answers) source.add(answer)
    writeFileSync(path.join(folder, 'answers.ts'), source.text)
    writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }')
    writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(toConfig()))
    execFileSync(process.execPath, [path.join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', folder], {
      encoding: 'utf8',
      stdio: 'pipe',
    })
    return []
  } catch (error) {
    const { stdout } = error as { stdout?: string }
    if (!stdout) throw error
    return stdout.trim().split('\n')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function toConfig(): object {
  const modules = path.join(root, 'node_modules')
  return {
    compilerOptions: {
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      target: 'ES2023',
      lib: ['ES2023', 'DOM'],
      module: 'NodeNext',
      types: ['node'],
      typeRoots: [path.join(modules, '@types')],
      paths: {
        openai: [path.join(modules, 'openai', 'index.d.mts')],
        '@anthropic-ai/sdk': [path.join(modules, '@anthropic-ai', 'sdk', 'index.d.mts')],
      },
    },
    files: ['answers.ts'],
  }
}

/** OpenAI's server sends null where its types say that there is a text or nothing. */
const NULL_IN_FACT = ['prompt_cache_key', 'safety_identifier', 'usage']

const HEAD = `import type OpenAI from 'openai'
import type Anthropic from '@anthropic-ai/sdk'
type Streamed<T extends OpenAI.Completion> = Omit<T, 'choices'> & {
  choices: (Omit<T['choices'][number], 'finish_reason'> & { finish_reason: T['choices'][number]['finish_reason'] | null })[]
}
`

/** Each object is a constant of its own, of the narrowest type: the words of an answer are themselves, not any text. */
class Source {
  readonly #lines: string[] = []

  get text(): string {
    return HEAD + this.#lines.join('\n')
  }

  add({ type, value }: Answer): void {
    this.#lines.push(`export const is${this.#lines.length}: ${type} = ${this.#write(value)}`)
  }

  #write(value: unknown): string {
    if (value === null) return 'null'
    if (Array.isArray(value)) return `[${value.map((item) => this.#write(item)).join(', ')}]`
    if (typeof value !== 'object') return `${JSON.stringify(value)} as const`
    const said = Object.entries(value as object).filter(([key, item]) => item !== null || !NULL_IN_FACT.includes(key))
    const entries = said.map(([key, item]) => `${JSON.stringify(key)}: ${this.#write(item)}`)
    // The SDK itself adds this one to what it reads.
    if ((value as { object?: unknown }).object === 'response') entries.push('output_text: ""')
    const name = `o${this.#lines.length}`
    this.#lines.push(`const ${name} = { ${entries.join(', ')} }`)
    return name
  }
}
