// Every field of OpenAI's API, of Ollama's, and of the extensions in use, has one of three fates: it reaches the model or the answer, it is refused
// by name, or it is named in a header. This walks them all.

import type { ChatCompletionCreateParamsStreaming } from 'openai/resources/chat/completions'
import type { CompletionCreateParamsStreaming } from 'openai/resources/completions'
import type { EmbeddingCreateParams } from 'openai/resources/embeddings'
import { describe, expect, it } from 'vitest'
import { ask, optionsBut, type Walk, type WalkOf, walkFields } from './walk.ts'

const schema = { type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] }
const tools = [{ type: 'function', function: { name: 'f', parameters: schema } }]
const OPENAI_SAMPLING = {
  temperature: [0.2, 'works'],
  top_p: [0.3, 'works'],
  seed: [5, 'works'],
  stop: [['x'], 'works'],
  frequency_penalty: [0.1, 'works'],
  presence_penalty: [0.1, 'works'],
} satisfies Walk
const OPTIONS = optionsBut(OPENAI_SAMPLING)
const UNUSED = {
  user: ['somebody', 'named'],
  metadata: [{ a: 'b' }, 'named'],
  store: [true, 'named'],
  safety_identifier: ['s', 'named'],
  prompt_cache_key: ['k', 'named'],
  prompt_cache_retention: ['24h', 'named'],
  prediction: [{ type: 'content', content: 'x' }, 'named'],
  something_new: [1, 'named'],
} satisfies Walk
const GRAMMARS: Walk = {
  grammar: ['root ::= "x"', 'refused'],
  guided_json: [schema, 'refused'],
  guided_regex: ['x', 'refused'],
  guided_choice: [['x'], 'refused'],
  guided_grammar: ['x', 'refused'],
}

const CHAT: WalkOf<Omit<ChatCompletionCreateParamsStreaming, 'tool_choice'>> = {
  ...OPENAI_SAMPLING,
  ...OPTIONS,
  ...UNUSED,
  ...GRAMMARS,
  model: ['other', 'works'],
  messages: [[{ role: 'user', content: 'other' }], 'works'],
  stream: [true, 'works'],
  stream_options: [{ include_usage: true }, 'named'],
  max_tokens: [3, 'works'],
  max_completion_tokens: [3, 'works'],
  n: [2, 'works'],
  logit_bias: [{ 5: -100 }, 'works'],
  logprobs: [true, 'works'],
  // Without logprobs.
  top_logprobs: [2, 'named'],
  response_format: [{ type: 'json_schema', json_schema: { name: 'a', strict: true, schema } }, 'works'],
  tools: [tools, 'works'],
  parallel_tool_calls: [false, 'works'],
  reasoning_effort: ['high', 'works'],
  reasoning: [{ effort: 'low' }, 'works'],
  service_tier: ['flex', 'works'],
  modalities: [['text', 'audio'], 'refused'],
  audio: [{ voice: 'x', format: 'wav' }, 'refused'],
  functions: [[{ name: 'f' }], 'refused'],
  function_call: [{ name: 'f' }, 'refused'],
  web_search_options: [{}, 'refused'],
  moderation: [{}, 'refused'],
  verbosity: ['low', 'refused'],
  options: [{ top_k: 3 }, 'works'],
  format: ['json', 'works'],
  keep_alive: ['5m', 'works'],
  think: [true, 'works'],
  truncate: [false, 'works'],
  shift: [false, 'works'],
  chat_template_kwargs: [{ enable_thinking: false, style: 'short' }, 'works'],
  enable_thinking: [false, 'works'],
  thinking: [{ type: 'enabled' }, 'refused'],
  prompt: ['x', 'refused'],
  suffix: ['x', 'refused'],
  system: ['x', 'refused'],
  template: ['x', 'refused'],
  context: [[1], 'refused'],
  raw: [true, 'refused'],
  images: [['AAAA'], 'refused'],
}

const COMPLETION: WalkOf<CompletionCreateParamsStreaming> = {
  ...OPENAI_SAMPLING,
  ...OPTIONS,
  ...UNUSED,
  ...GRAMMARS,
  model: ['other', 'works'],
  prompt: ['other', 'works'],
  stream: [true, 'works'],
  stream_options: [{ include_usage: true }, 'named'],
  max_tokens: [3, 'works'],
  n: [2, 'works'],
  best_of: [2, 'works'],
  echo: [true, 'works'],
  logprobs: [2, 'works'],
  logit_bias: [{ 5: -100 }, 'works'],
  suffix: ['x', 'works'],
  response_format: [{ type: 'json_object' }, 'works'],
  reasoning_effort: ['high', 'works'],
  service_tier: ['flex', 'works'],
  options: [{ top_k: 3 }, 'works'],
  format: ['json', 'works'],
  keep_alive: ['5m', 'works'],
  think: [true, 'works'],
  truncate: [false, 'works'],
  shift: [false, 'works'],
  raw: [true, 'works'],
  system: ['x', 'works'],
  template: ['x', 'works'],
  max_completion_tokens: [3, 'refused'],
  top_logprobs: [2, 'refused'],
  messages: [[], 'refused'],
  tools: [tools, 'refused'],
  tool_choice: ['auto', 'refused'],
  functions: [[], 'refused'],
  chat_template_kwargs: [{}, 'refused'],
  context: [[1], 'refused'],
  images: [['AAAA'], 'refused'],
}

const EMBEDDING: WalkOf<EmbeddingCreateParams> = {
  model: ['other', 'works'],
  input: [['a', 'b'], 'works'],
  dimensions: [2, 'works'],
  encoding_format: ['base64', 'works'],
  truncate: [false, 'works'],
  keep_alive: ['5m', 'works'],
  options: [{ num_ctx: 64 }, 'works'],
  num_ctx: [64, 'works'],
  user: ['somebody', 'named'],
  something_new: [1, 'named'],
  prompt: ['x', 'refused'],
}

it('alternatives are in the answer only beside log-probabilities, as in Ollama', async () => {
  const topLogprobs = async (fields: object) => {
    const { calls } = await ask('/v1/chat/completions', { model: 'm', messages: [user], ...fields })
    return (calls as { request: { topLogprobs?: number } }[])[0]?.request.topLogprobs
  }
  expect(await topLogprobs({ logprobs: true, top_logprobs: 2 })).toBe(2)
  expect(await topLogprobs({ logprobs: true })).toBe(0)
  expect(await topLogprobs({ logprobs: false, top_logprobs: 2 })).toBeUndefined()
  expect(await topLogprobs({ top_logprobs: 2 })).toBeUndefined()
})

it('an empty list of functions is as good as none', async () => {
  const { answer } = await ask('/v1/chat/completions', { model: 'm', messages: [user], functions: [] })
  expect([answer.status, answer.headers['x-llamero-warnings']]).toEqual([200, undefined])
})

describe.each<[string, Record<string, unknown>, Walk]>([
  ['/v1/chat/completions', { model: 'm', messages: [{ role: 'user', content: 'x' }] }, CHAT],
  ['/v1/completions', { model: 'm', prompt: 'x' }, COMPLETION],
  ['/v1/embeddings', { model: 'm', input: 'x' }, EMBEDDING],
])('%s', (path, least, walk) => {
  walkFields(path, least, walk, (body, field) => {
    const { error } = body as { error: { param: string } }
    expect(error).toMatchObject({ type: 'invalid_request_error', code: expect.any(String) })
    expect(error.param.split('.')[0]).toBe(field)
  })
})

it('what stands inside of messages and options and is not used is named too', async () => {
  const part = { type: 'text', text: 'x', cache_control: { type: 'ephemeral' } }
  const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,aGk=', detail: 'high' } }
  const body = {
    model: 'm',
    messages: [
      { ...user, name: 'Ada', content: [part, part, image] },
      { role: 'assistant', content: 'y', audio: { id: 'a' } },
      { role: 'tool', name: 'f', content: 'z' },
    ],
    stream: true,
    stream_options: { include_obfuscation: true },
  }
  const { answer } = await ask('/v1/chat/completions', body)
  expect(String(answer.headers['x-llamero-warnings']).split(', ')).toEqual([
    'messages.name',
    'messages.content.cache_control',
    'messages.content.image_url.detail',
    'messages.audio',
    'stream_options.include_obfuscation',
  ])
})

it('tool_choice reaches the model with the tools that it leaves', async () => {
  const two = [...tools, { type: 'function', function: { name: 'g' } }]
  const choose = async (choice: unknown) => {
    const { calls, answer } = await ask('/v1/chat/completions', { model: 'm', messages: [user], tools: two, tool_choice: choice })
    const [asked] = calls as { request: { toolChoice?: unknown; tools?: { function: { name: string } }[] } }[]
    return answer.status === 200
      ? [asked?.request.toolChoice, asked?.request.tools?.map((tool) => tool.function.name)]
      : JSON.parse(answer.text).error
  }
  expect(await choose('auto')).toEqual(['auto', ['f', 'g']])
  expect(await choose('none')).toEqual(['none', ['f', 'g']])
  expect(await choose('required')).toEqual(['required', ['f', 'g']])
  expect(await choose({ type: 'function', function: { name: 'g' } })).toEqual([{ name: 'g' }, ['f', 'g']])
  const allowed = { type: 'allowed_tools', allowed_tools: { mode: 'required', tools: [{ type: 'function', function: { name: 'g' } }] } }
  expect(await choose(allowed)).toEqual(['required', ['g']])
  for (const wrong of ['any', 5, { type: 'function', function: { name: 'h' } }, { type: 'custom', custom: { name: 'g' } }]) {
    expect(await choose(wrong)).toMatchObject({ type: 'invalid_request_error', param: 'tool_choice', code: expect.any(String) })
  }
})

const user = { role: 'user', content: 'x' }
