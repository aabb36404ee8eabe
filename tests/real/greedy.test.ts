// The likeliest tokens of two real models, through their own templates, are those of llama.cpp's own server. Other builds add up in another
// order, so a reply may leave the recorded one, but only at a token that hardly leads, there or here: what is a near tie there need not be one here.

import { readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findGemma, GEMMA_SHA256 } from '../support/gemma.ts'
import { HARDLY_LEADS, leadOf } from '../support/greedy.ts'
import { createFromFile, createSmol, post } from '../support/models.ts'
import { root } from '../support/paths.ts'
import { startServer, type TestServer } from '../support/server.ts'

interface Case {
  model: 'smollm2' | 'gemma'
  messages?: { role: string; content: string }[]
  /** Rendered by the Jinja template in the GGUF file, which Ollama takes for plain ChatML unless told otherwise. */
  templateOfFile?: boolean
  /** Plain text, for a model without turns. */
  prompt?: string
  rendered: string
  /** Bytes in base64, lead over the second in log-probability. */
  tokens: [string, number][]
}

interface Answer {
  logprobs: { token: string; bytes?: number[]; top_logprobs: { logprob: number }[] }[]
  _debug_info?: { rendered_template: string }
}

const TOKENS = 32

const { cases } = JSON.parse(readFileSync(path.join(root, 'tests', 'fixtures', 'greedy.json'), 'utf8')) as { cases: Case[] }
const smolCases = cases.filter(({ model }) => model === 'smollm2')
const gemmaCases = cases.filter(({ model }) => model === 'gemma')

const gemma = await findGemma()
if ('missing' in gemma) console.warn(`tests/real/greedy.test.ts leaves Gemma 3 270M out, since it cannot be fetched: ${gemma.missing}`)

let server: TestServer
let withFileTemplates: TestServer
beforeAll(async () => {
  server = await startServer()
  withFileTemplates = await startServer({ env: { OLLAMA_GO_TEMPLATE: 'false' } })
  await createSmol(server.url, 'smollm2')
  await createSmol(withFileTemplates.url, 'smollm2')
  if ('missing' in gemma) return
  await createFromFile(server.url, { name: 'gemma', file: gemma.file, sha256: GEMMA_SHA256 })
  // The base model's file has no template; Gemma 3's turns are set by hand, as anyone would.
  await post(`${server.url}/api/create`, { model: 'gemma-turns', from: 'gemma', template: GEMMA_TURNS, stream: false })
})
afterAll(async () => {
  for (const one of [server, withFileTemplates]) {
    await one.stop()
    one.clean()
  }
})

const GEMMA_TURNS = `{{- range .Messages }}<start_of_turn>{{ if eq .Role "assistant" }}model{{ else }}{{ .Role }}{{ end }}
{{ .Content }}<end_of_turn>
{{ end }}<start_of_turn>model
`

describe('SmolLM2', () => {
  it.each(smolCases)('renders as llama.cpp does: $rendered', expectRendered)
  it.each(smolCases)('says what it says there: $rendered', expectSame)
})

describe.skipIf('missing' in gemma)('Gemma 3 270M', () => {
  it.each(gemmaCases.filter(({ messages }) => messages))('renders as Google says: $rendered', expectRendered)
  it.each(gemmaCases)('says what it says there: $rendered', expectSame)
})

describe('together', () => {
  it('the replies are the same for most of their tokens', () => {
    const known = 'missing' in gemma ? smolCases : cases
    expect(same.size).toBe(known.length)
    const all = known.reduce((sum, { tokens }) => sum + tokens.length, 0)
    expect([...same.values()].reduce((sum, count) => sum + count, 0) / all).toBeGreaterThan(0.5)
  })
})

const same = new Map<Case, number>()

async function expectSame(one: Case): Promise<void> {
  const options = { temperature: 0, repeat_penalty: 1, num_predict: TOKENS, num_ctx: 2048 }
  const { logprobs } = await ask(one, { logprobs: true, top_logprobs: 2, options })
  const reply = Buffer.from(logprobs.flatMap(({ bytes = [] }) => bytes))
  const { parting, at, lead } = findParting(reply, one.tokens)
  same.set(one, parting)
  if (parting < one.tokens.length) expect(Math.min(lead, ownLead(logprobs, at))).toBeLessThan(HARDLY_LEADS)
  else expect(reply.toString()).toBe(Buffer.concat(one.tokens.map(([bytes]) => Buffer.from(bytes, 'base64'))).toString())
}

/** How many tokens are the same, where the first one begins that is not, and its lead. By bytes, since that server tells half characters together. */
function findParting(reply: Buffer, tokens: Case['tokens']): { parting: number; at: number; lead: number } {
  let at = 0
  for (const [index, [text, lead]] of tokens.entries()) {
    const bytes = Buffer.from(text, 'base64')
    if (!reply.subarray(at, at + bytes.length).equals(bytes)) return { parting: index, at, lead }
    at += bytes.length
  }
  return { parting: tokens.length, at, lead: Number.POSITIVE_INFINITY }
}

/** Of the reply's token at that byte. */
function ownLead(tokens: Answer['logprobs'], at: number): number {
  let end = 0
  for (const { bytes = [], top_logprobs: top } of tokens) {
    end += bytes.length
    if (end > at) return leadOf(top)
  }
  return Number.POSITIVE_INFINITY
}

async function expectRendered(one: Case): Promise<void> {
  const { _debug_info: info } = await ask(one, { _debug_render_only: true })
  expect(info?.rendered_template).toBe(one.rendered)
}

function ask({ model, templateOfFile, messages, prompt }: Case, fields: Record<string, unknown>): Promise<Answer> {
  const { url } = templateOfFile ? withFileTemplates : server
  if (!messages) return post<Answer>(`${url}/api/generate`, { model, prompt, stream: false, ...fields })
  return post<Answer>(`${url}/api/chat`, { model: model === 'gemma' ? 'gemma-turns' : model, messages, stream: false, ...fields })
}
