// Models of a quarter of a MiB that say the same whatever they are asked, so that what a client makes of a reply can be said word for word.
// Which line they speak is chosen by the last character of the prompt: a line feed or `~` (src/gguf/testing/tiny-model.ts).

import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { type TinyModelOptions, writeTinyModel } from '../../src/gguf/testing/tiny-model.ts'
import { post } from '../support/models.ts'

/** Calls `get_weather` with Paris and 2 days when a user asks, and answers in words when a tool did. */
const CALLER = callerOf('get_weather', '{"city": "Paris", "days": 2}', ['It is ', 'sunny.'])

/** Thinks `Six times seven.` and says `It is forty-two.`; told not to think, `Forty-two`. */
const THINKER: Scripted = {
  reply: ['Forty-two', '~', '<think>', 'Six times', ' seven.', '</think>', 'It is', ' forty-two.'],
  template:
    '{{ range .Messages }}<|im_start|>{{ .Role }}\n{{ if .Thinking }}<think>{{ .Thinking }}</think>{{ end }}{{ .Content }}<|im_end|>\n{{ end }}' +
    '{{ if .Think }}~{{ end }}',
}

/** With this one SmolLM2 can be made to call: as it is published, it has no place for tools. */
export const TOOLS_TEMPLATE =
  '{{ if .Tools }}Tools: {{ .Tools }}\n{{ end }}{{ range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}' +
  '{{ if .ToolCalls }}<tool_call>{{ range .ToolCalls }}{"name": "{{ .Function.Name }}", "arguments": {{ .Function.Arguments }}}{{ end }}' +
  '</tool_call>{{ end }}<|im_end|>\n{{ end }}<|im_start|>assistant\n'

export interface Scripted {
  /** Every piece a token of its own, none twice. */
  reply: string[]
  /** Unless told, ChatML. */
  template?: string
}

/** Makes one call with these arguments when a user asks, and says `answer` when a tool did. */
export function callerOf(name: string, values: string, answer: string[] = []): Scripted {
  return {
    reply: ['<tool_call>', `{"name": "${name}", `, `"arguments": ${values}}`, '</tool_call>', '~', ...answer],
    template:
      '{{ if .Tools }}{{ .Tools }}\n{{ end }}{{ range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}' +
      '{{ if .ToolCalls }}<tool_call>{{ range .ToolCalls }}{"name": "{{ .Function.Name }}", "arguments": {{ .Function.Arguments }}}{{ end }}' +
      '</tool_call>{{ end }}' +
      '<|im_end|>{{ if eq .Role "tool" }}~{{ else }}\n{{ end }}{{ end }}',
  }
}

/** The models `caller`, `thinker` and, with vectors of 64 numbers, `embedder`. */
export async function createScripted(url: string): Promise<void> {
  await createSpeaker(url, 'caller', CALLER)
  await createSpeaker(url, 'thinker', THINKER)
  const digest = await uploadTiny(url, { embedding: true })
  await post(`${url}/api/create`, { model: 'embedder', files: { 'm.gguf': digest }, stream: false })
}

export async function createSpeaker(url: string, name: string, { reply, template }: Scripted): Promise<void> {
  const digest = await uploadTiny(url, { reply, contextTokens: 8192 })
  await post(`${url}/api/create`, {
    model: name,
    files: { 'm.gguf': digest },
    ...(template ? { template } : {}),
    parameters: { stop: ['~'] },
    stream: false,
  })
}

export async function tinyModel(options: TinyModelOptions): Promise<{ bytes: Buffer<ArrayBuffer>; digest: string }> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'scripted-'))
  try {
    const file = path.join(folder, 'model.gguf')
    await writeTinyModel(file, options)
    const bytes = Buffer.from(readFileSync(file))
    return { bytes, digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}` }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function uploadTiny(url: string, options: TinyModelOptions): Promise<string> {
  const { bytes, digest } = await tinyModel(options)
  const answer = await fetch(`${url}/api/blobs/${digest}`, { method: 'POST', body: bytes })
  if (answer.status !== 201) throw new Error(`the upload was answered with ${answer.status}`)
  return digest
}
