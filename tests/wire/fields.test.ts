// Every field of OpenAI's responses, of Anthropic's API and of Ollama's own; those of OpenAI's chats are in openai-fields.test.ts.

import type { MessageCountTokensParams, MessageCreateParamsStreaming } from '@anthropic-ai/sdk/resources/beta/messages/messages'
import type {
  ChatRequest,
  CreateRequest,
  DeleteRequest,
  EmbeddingsRequest,
  EmbedRequest,
  GenerateRequest,
  PullRequest,
  PushRequest,
  ShowRequest,
} from 'ollama'
import type { InputTokenCountParams } from 'openai/resources/responses/input-tokens'
import type { ResponseCreateParamsStreaming } from 'openai/resources/responses/responses'
import { describe, expect, it } from 'vitest'
import { ask, type Walk, type WalkOf, walkFields } from './walk.ts'

const schema = { type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] }
const digest = `sha256:${'ab'.repeat(32)}`
const run = {
  model: ['other', 'works'],
  keep_alive: ['5m', 'works'],
  options: [{ top_k: 3 }, 'works'],
  something_new: [1, 'named'],
} satisfies Walk

const PROMPT = {
  ...run,
  input: ['other', 'works'],
  instructions: ['Be brief.', 'works'],
  tools: [[{ type: 'function', name: 'f', parameters: schema }], 'works'],
  tool_choice: ['none', 'works'],
  parallel_tool_calls: [false, 'works'],
  previous_response_id: ['resp_none', 'refused'],
  reasoning: [{ effort: 'low' }, 'works'],
  text: [{ format: { type: 'json_object' } }, 'works'],
  truncation: ['auto', 'works'],
  conversation: ['conv_1', 'refused'],
} satisfies Walk

const RESPONSES: WalkOf<ResponseCreateParamsStreaming> = {
  ...PROMPT,
  stream: [true, 'works'],
  max_output_tokens: [3, 'works'],
  temperature: [0.2, 'works'],
  top_p: [0.3, 'works'],
  top_logprobs: [2, 'works'],
  include: [['message.output_text.logprobs'], 'works'],
  metadata: [{ a: 'b' }, 'works'],
  store: [true, 'works'],
  service_tier: ['flex', 'works'],
  background: [true, 'refused'],
  prompt: [{ id: 'p' }, 'refused'],
  moderation: [{}, 'refused'],
  stream_options: [{ include_obfuscation: true }, 'named'],
  context_management: [[{ type: 'compaction' }], 'named'],
  max_tool_calls: [3, 'named'],
  user: ['somebody', 'named'],
  safety_identifier: ['s', 'named'],
  prompt_cache_key: ['k', 'named'],
  prompt_cache_retention: ['24h', 'named'],
}

// Without tools there is nothing to choose, and one answer more makes no other count.
const { tool_choice: _choice, ...counted } = PROMPT
const INPUT_TOKENS: WalkOf<Omit<InputTokenCountParams, 'tool_choice'>> = { ...counted, truncation: ['auto', 'works'] }

const TALK = {
  ...run,
  messages: [[{ role: 'user', content: 'other' }], 'works'],
  system: ['Be brief.', 'works'],
  thinking: [{ type: 'disabled' }, 'works'],
  tools: [[{ name: 'f', input_schema: schema }], 'works'],
  tool_choice: [{ type: 'none' }, 'works'],
  output_config: [{ effort: 'low' }, 'works'],
  output_format: [{ type: 'json_schema', schema }, 'works'],
  compaction: [{}, 'refused'],
  mcp_servers: [[{ type: 'url', url: 'http://x', name: 'x' }], 'refused'],
  billing_policy: [{}, 'named'],
  context_management: [{ edits: [] }, 'named'],
  speed: ['fast', 'named'],
  user_profile_id: ['u', 'named'],
  workspace_id: ['w', 'named'],
} satisfies Walk

/** `betas` is a header on the wire. */
const MESSAGES: WalkOf<Omit<MessageCreateParamsStreaming, 'betas'>> = {
  ...TALK,
  max_tokens: [3, 'works'],
  cache_control: [{ type: 'ephemeral' }, 'works'],
  stream: [true, 'works'],
  stop_sequences: [['x'], 'works'],
  temperature: [0.2, 'works'],
  top_p: [0.3, 'works'],
  top_k: [5, 'works'],
  container: ['c', 'refused'],
  thread: [{ id: 't' }, 'refused'],
  metadata: [{ user_id: 'a' }, 'named'],
  service_tier: ['auto', 'named'],
  inference_geo: ['eu', 'named'],
  diagnostics: [{}, 'named'],
  fallbacks: [[{ model: 'x' }], 'named'],
  fallback_credit_token: ['x', 'named'],
}

const COUNT_TOKENS: WalkOf<Omit<MessageCountTokensParams, 'betas' | 'cache_control'>> = { ...TALK, max_tokens: [3, 'named'] }

const completion = {
  ...run,
  stream: [false, 'works'],
  format: ['json', 'works'],
  think: [true, 'works'],
  truncate: [false, 'works'],
  shift: [false, 'works'],
  logprobs: [true, 'works'],
  top_logprobs: [2, 'named'],
  _debug_render_only: [true, 'works'],
} satisfies Walk

/** Ollama's client asks for pictures with the last three. */
const GENERATE: WalkOf<GenerateRequest> = {
  ...completion,
  prompt: ['other', 'works'],
  suffix: ['x', 'works'],
  system: ['x', 'works'],
  template: ['x', 'works'],
  context: [[1], 'works'],
  raw: [true, 'works'],
  images: [['AAAA'], 'works'],
  width: [64, 'named'],
  height: [64, 'named'],
  steps: [4, 'named'],
}

const CHAT: WalkOf<ChatRequest> = {
  ...completion,
  messages: [[{ role: 'user', content: 'other' }], 'works'],
  tools: [[{ type: 'function', function: { name: 'f', parameters: schema } }], 'works'],
}

const EMBED: WalkOf<EmbedRequest> = { ...run, input: ['other', 'works'], truncate: [false, 'works'], dimensions: [2, 'works'] }
const EMBEDDINGS: WalkOf<EmbeddingsRequest> = { ...run, prompt: ['other', 'works'] }

const SHOW: WalkOf<ShowRequest> = {
  model: ['other', 'works'],
  name: ['other', 'named'],
  verbose: [true, 'works'],
  system: ['x', 'works'],
  template: ['x', 'named'],
  options: [{ top_k: 3 }, 'works'],
}

const transfer = {
  model: ['other', 'works'],
  name: ['other', 'named'],
  insecure: [true, 'works'],
  limit_rate: [1e6, 'works'],
  stream: [false, 'works'],
  username: ['x', 'named'],
  password: ['x', 'named'],
  something_new: [1, 'named'],
} satisfies Walk
const PULL: WalkOf<PullRequest> = transfer
const PUSH: WalkOf<PushRequest> = transfer

const CREATE: WalkOf<CreateRequest> = {
  model: ['other', 'works'],
  name: ['other', 'named'],
  stream: [false, 'works'],
  from: ['other', 'works'],
  modelfile: ['FROM x', 'named'],
  path: ['x', 'named'],
  remote_host: ['x', 'works'],
  files: [{ 'm.gguf': digest }, 'works'],
  adapters: [{ 'a.gguf': digest }, 'works'],
  draft_files: [{ 'd.gguf': digest }, 'works'],
  template: ['x', 'works'],
  system: ['x', 'works'],
  license: ['MIT', 'works'],
  parameters: [{ top_k: 3 }, 'works'],
  messages: [[{ role: 'user', content: 'x' }], 'works'],
  quantize: ['q4_0', 'works'],
  quantization: ['q4_0', 'works'],
  renderer: ['x', 'works'],
  parser: ['x', 'works'],
  requires: ['0.1', 'works'],
  info: [{ model_family: 'x' }, 'works'],
  something_new: [1, 'named'],
}

const DELETE: WalkOf<DeleteRequest> = { model: ['other', 'works'], name: ['other', 'named'], something_new: [1, 'named'] }
const message = { role: 'user', content: 'x' }

describe.each<[string, Record<string, unknown>, Walk]>([
  ['/v1/responses', { model: 'm', input: 'x' }, RESPONSES],
  ['/v1/responses/input_tokens', { model: 'm', input: 'x' }, INPUT_TOKENS],
])('%s', (path, least, walk) => {
  walkFields(path, least, walk, (body, field) => expect(body).toMatchObject({ error: { param: field, code: expect.any(String) } }))
})

describe.each<[string, Record<string, unknown>, Walk]>([
  ['/v1/messages', { model: 'm', max_tokens: 10, messages: [message] }, MESSAGES],
  ['/v1/messages/count_tokens', { model: 'm', messages: [message] }, COUNT_TOKENS],
])('%s', (path, least, walk) => {
  walkFields(path, least, walk, (body, field) => {
    expect(body).toMatchObject({ type: 'error', error: { type: 'invalid_request_error', message: expect.stringContaining(field) } })
  })
})

describe.each<[string, Record<string, unknown>, Walk]>([
  ['/api/generate', { model: 'm', prompt: 'x' }, GENERATE],
  ['/api/chat', { model: 'm', messages: [message] }, CHAT],
  ['/api/embed', { model: 'm', input: 'x' }, EMBED],
  ['/api/embeddings', { model: 'm', prompt: 'x' }, EMBEDDINGS],
  ['/api/show', { model: 'm' }, SHOW],
  ['/api/pull', { model: 'm' }, PULL],
  ['/api/push', { model: 'm' }, PUSH],
  ['/api/create', { model: 'm', from: 'b' }, CREATE],
  ['DELETE /api/delete', { model: 'm' }, DELETE],
])('%s', (path, least, walk) => {
  walkFields(path, least, walk, () => expect.unreachable('Ollama refuses no field'))
})

it('the alternatives of tokens work where log-probabilities are asked for', async () => {
  const asked = { model: 'm', prompt: 'x', logprobs: true, top_logprobs: 2 }
  const { answer, calls } = await ask('/api/generate', asked)
  expect(answer.headers).not.toHaveProperty('x-llamero-warnings')
  expect(calls).toMatchObject([{ request: { topLogprobs: 2 } }])
})

it.each([{ modelfile: 'FROM x' }, { path: 'x' }])('what a model is made of may be said in the older words, %j', async (older) => {
  const { answer, calls } = await ask('/api/create', { model: 'm', ...older })
  expect(answer.headers).not.toHaveProperty('x-llamero-warnings')
  expect(calls).toMatchObject([{ request: older }])
})

it('a draft is made smaller with its own word', async () => {
  const body = { model: 'm', from: 'b', draft_files: { 'd.gguf': digest }, draft_quantize: 'q4_0' }
  expect((await ask('/api/create', body)).calls).toMatchObject([{ request: { draftQuantize: 'q4_0' } }])
})
