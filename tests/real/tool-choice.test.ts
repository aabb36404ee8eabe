// `tool_choice` is obeyed, whatever a tiny model would rather say: by chance, with another seed each time, streamed and whole.
// LLAMERO_TOOL_CHOICE_TRIALS=200 npx vitest run --project whole tests/real/tool-choice.test.ts runs as many of each kind; with
// LLAMERO_TOOL_CHOICE_FIRST=100 the trials from the hundredth on.

import { Ajv } from 'ajv'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSmol, post } from '../support/models.ts'
import { startServer, type TestServer } from '../support/server.ts'

interface Call {
  index: number
  id?: string
  function: { name?: string; arguments: string }
}

interface Outcome {
  calls: Call[]
  content: string
  finishReason: string | null
}

interface Chunk {
  choices: { delta: { content?: string; tool_calls?: Call[] }; finish_reason: string | null }[]
}

const TRIALS = Number(process.env.LLAMERO_TOOL_CHOICE_TRIALS ?? 8)
const FIRST = Number(process.env.LLAMERO_TOOL_CHOICE_FIRST ?? 0)
const AT_ONCE = 4
const SCHEMAS: Record<string, object> = {
  get_weather: {
    type: 'object',
    properties: { city: { type: 'string' }, unit: { type: 'string', enum: ['celsius', 'fahrenheit'] }, days: { type: 'integer' } },
    required: ['city', 'unit'],
    additionalProperties: false,
  },
  send_mail: {
    type: 'object',
    properties: { to: { type: 'array', items: { type: 'string' } }, subject: { type: 'string' }, urgent: { type: 'boolean' } },
    required: ['to', 'subject'],
    additionalProperties: false,
  },
  now: { type: 'object', properties: {} },
}
const NAMES = Object.keys(SCHEMAS)
const TOOLS = NAMES.map((name) => ({ type: 'function', function: { name, description: `Does ${name}`, parameters: SCHEMAS[name] } }))
const QUESTIONS = [
  'What is the weather like in Oslo?',
  'Tell me a joke.',
  'Write to Ada that the train is late.',
  'Do not use any tool. Say hello.',
  '12 * 12 =',
  'Explain in three sentences why the sky is blue, in JSON {"why": ...}.',
]
/** SmolLM2 was trained without tools: a template like that of Qwen 2.5 brings them. */
const TEMPLATE = `<|im_start|>system
{{ .System }}{{ if .Tools }}You may call these functions:
{{ range .Tools }}{{ . }}
{{ end }}For each call write <tool_call>{"name": <name>, "arguments": <object>}</tool_call>{{ end }}<|im_end|>
{{ range .Messages }}<|im_start|>{{ .Role }}
{{ .Content }}{{ range .ToolCalls }}<tool_call>
{"name": "{{ .Function.Name }}", "arguments": {{ .Function.Arguments }}}
</tool_call>{{ end }}<|im_end|>
{{ end }}<|im_start|>assistant
`
const validators = new Map(NAMES.map((name) => [name, new Ajv().compile(SCHEMAS[name] as object)]))

let server: TestServer
beforeAll(async () => {
  server = await startServer()
  await createSmol(server.url, 'smol', { template: TEMPLATE })
})
afterAll(async () => {
  await server.stop()
  server.clean()
})

describe('tool_choice', () => {
  it(`required gives a call of a tool, with arguments that it takes (${TRIALS} trials)`, async () => {
    await inTrials(async (trial) => {
      const outcome = await ask(trial, { tool_choice: 'required' })
      expectCalls(outcome, NAMES)
    })
  })

  it(`of a function gives one call of it (${TRIALS} trials)`, async () => {
    await inTrials(async (trial) => {
      const name = NAMES[trial % NAMES.length] as string
      const outcome = await ask(trial, { tool_choice: { type: 'function', function: { name } } })
      expectCalls(outcome, [name])
      expect(outcome.calls).toHaveLength(1)
    })
  })

  it('none gives text, although there are tools', async () => {
    const { calls, content } = await ask(0, { tool_choice: 'none' })
    expect(calls).toEqual([])
    expect(content).not.toBe('')
  })
})

async function inTrials(run: (trial: number) => Promise<void>): Promise<void> {
  let next = FIRST
  const worker = async () => {
    while (next < FIRST + TRIALS) await run(next++)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

function expectCalls({ calls, content, finishReason }: Outcome, names: readonly string[]): void {
  const said = JSON.stringify({ calls, content, finishReason })
  expect(calls.length, said).toBeGreaterThan(0)
  for (const { id, function: called } of calls) {
    expect(id, said).toMatch(/^call_/)
    expect(names, said).toContain(called.name)
    expect(validators.get(called.name ?? '')?.(JSON.parse(called.arguments)), said).toBe(true)
  }
  expect(content.trim(), said).toBe('')
}

/** Every second trial streams. */
async function ask(trial: number, fields: object): Promise<Outcome> {
  const body = {
    model: 'smol',
    messages: [{ role: 'user', content: QUESTIONS[trial % QUESTIONS.length] }],
    tools: TOOLS,
    temperature: 1,
    seed: trial + 1,
    max_tokens: 160,
    num_ctx: 2048,
    ...fields,
  }
  const url = `${server.url}/v1/chat/completions`
  if (trial % 2 === 0) {
    const { choices } = await post<{ choices: [{ message: { content: string; tool_calls?: Call[] }; finish_reason: string }] }>(url, body)
    const [{ message, finish_reason: finishReason }] = choices
    return { calls: message.tool_calls ?? [], content: message.content, finishReason }
  }
  const answer = await fetch(url, { method: 'POST', body: JSON.stringify({ ...body, stream: true }) })
  return fold(await answer.text())
}

function fold(sse: string): Outcome {
  const outcome: Outcome = { calls: [], content: '', finishReason: null }
  for (const line of sse.split('\n').filter((text) => text.startsWith('data: {'))) {
    const { choices } = JSON.parse(line.slice('data: '.length)) as Chunk
    for (const { delta, finish_reason: finishReason } of choices) {
      outcome.content += delta.content ?? ''
      outcome.finishReason = finishReason ?? outcome.finishReason
      for (const piece of delta.tool_calls ?? []) {
        const begun = outcome.calls[piece.index]
        if (begun) begun.function.arguments += piece.function.arguments
        else outcome.calls[piece.index] = piece
      }
    }
  }
  return outcome
}
