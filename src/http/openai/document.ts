// What OpenAI's dialect answers, and from which tables it takes its fields.

import type { DialectDocument, Operations, ReplyDocument } from '../operation.ts'
import { either, list, looseObject, map, nothing, number, object, oneOf, optional, orNull, type Schema, text, whole } from '../schema.ts'
import { DROPPED_SHAPE, TEXTS_TRUNCATED_DOCUMENT, TRUNCATED_DOCUMENT } from '../truncated.ts'
import { CHAT_FATES, chatCompletionRequest } from './chat-request.ts'
import { COMPLETION_FATES, completionRequest } from './completion-request.ts'
import { EMBEDDING_FATES, embeddingRequest } from './embeddings.ts'
import { CODES, type ErrorBody } from './errors.ts'
import { RERANK_FATES, rerankRequest } from './rerank.ts'
import { RESPONSES_OPERATIONS } from './responses-document.ts'
import { TRANSCRIPTION_FIELDS, type TranscriptionBody } from './transcriptions.ts'
import type { LogprobBody, UsageBody } from './usage.ts'

const usage = object<UsageBody>('openai.Usage', {
  prompt_tokens: whole,
  completion_tokens: whole,
  total_tokens: whole,
  prompt_tokens_details: optional(object<{ cached_tokens: number }>(undefined, { cached_tokens: whole })),
  completion_tokens_details: optional(object<{ reasoning_tokens: number }>(undefined, { reasoning_tokens: whole })),
  ...DROPPED_SHAPE,
})

const tokenLogprob = { token: text, logprob: number, bytes: list(whole) }
const logprob = object<LogprobBody>('openai.Logprob', {
  ...tokenLogprob,
  top_logprobs: optional(list(looseObject('openai.TokenLogprob', tokenLogprob))),
})
const logprobs = looseObject('openai.Logprobs', { content: list(logprob), refusal: nothing })
const finishReason = orNull(oneOf('stop', 'length', 'tool_calls', 'load', 'unload'))
const debugInfo = looseObject('openai.DebugInfo', { rendered_template: text, image_count: optional(whole) })
const head = { id: text, created: whole, model: text, system_fingerprint: text, service_tier: optional(text) }

const error = object<ErrorBody>('openai.Error', {
  error: object<ErrorBody['error']>(undefined, { message: text, type: text, param: orNull(text), code: orNull(text) }),
})

const calledFunction = looseObject('openai.CalledFunction', { name: text, arguments: text })
const message = looseObject('openai.ReplyMessage', {
  role: oneOf('assistant', ''),
  content: text,
  refusal: nothing,
  reasoning: optional(text),
  tool_calls: optional(
    list(looseObject('openai.ToolCallReply', { id: optional(text), index: whole, type: oneOf('function'), function: calledFunction })),
  ),
})
const delta = looseObject('openai.Delta', {
  role: optional(oneOf('assistant')),
  content: optional(text),
  reasoning: optional(text),
  tool_calls: optional(
    list(
      looseObject('openai.ToolCallDelta', {
        id: optional(text),
        index: whole,
        type: optional(oneOf('function')),
        function: looseObject('openai.CalledFunctionDelta', { name: optional(text), arguments: optional(text) }),
      }),
    ),
  ),
})

const chatCompletion = looseObject('openai.ChatCompletion', {
  ...head,
  object: oneOf('chat.completion'),
  choices: list(looseObject('openai.ChatChoice', { index: whole, message, finish_reason: finishReason, logprobs: orNull(logprobs) })),
  usage,
  _debug_info: optional(debugInfo),
})
const chatChunk = looseObject('openai.ChatCompletionChunk', {
  ...head,
  object: oneOf('chat.completion.chunk'),
  choices: list(looseObject('openai.ChatChunkChoice', { index: whole, delta, finish_reason: finishReason, logprobs: optional(logprobs) })),
  usage: optional(usage),
})

const columns = looseObject('openai.CompletionLogprobs', {
  tokens: list(text),
  token_logprobs: list(orNull(number)),
  top_logprobs: orNull(list(orNull(map(number)))),
  text_offset: list(whole),
})
const completion = looseObject('openai.Completion', {
  ...head,
  object: oneOf('text_completion'),
  choices: list(
    looseObject('openai.CompletionChoice', {
      text,
      index: whole,
      finish_reason: finishReason,
      logprobs: orNull(columns),
      reasoning: optional(text),
    }),
  ),
  usage: optional(usage),
})

const embeddings = looseObject('openai.EmbeddingList', {
  object: oneOf('list'),
  data: list(looseObject('openai.Embedding', { object: oneOf('embedding'), embedding: either(list(number), text), index: whole })),
  model: text,
  usage: looseObject('openai.EmbeddingUsage', { prompt_tokens: whole, total_tokens: whole, ...DROPPED_SHAPE }),
})

const reranked = looseObject('openai.RerankList', {
  id: text,
  object: oneOf('list'),
  model: text,
  results: list(
    looseObject('openai.RerankResult', {
      index: whole,
      relevance_score: number,
      document: optional(looseObject('openai.RerankDocument', { text })),
    }),
  ),
  usage: looseObject('openai.RerankUsage', { prompt_tokens: whole, total_tokens: whole, ...DROPPED_SHAPE }),
  meta: looseObject('openai.RerankMeta', { tokens: looseObject(undefined, { input_tokens: whole, output_tokens: whole }) }),
})

const transcription = object<TranscriptionBody>('openai.Transcription', { text })
const transcriptEvent = either(
  looseObject('openai.TranscriptDelta', { type: oneOf('transcript.text.delta'), delta: text }),
  looseObject('openai.TranscriptDone', { type: oneOf('transcript.text.done'), text }),
)

const model = looseObject('openai.Model', {
  id: text,
  object: oneOf('model'),
  created: whole,
  owned_by: text,
  context_length: optional(whole),
  capabilities: optional(list(text)),
})
const anthropicModel = looseObject('anthropic.Model', {
  type: oneOf('model'),
  id: text,
  display_name: text,
  created_at: text,
  max_input_tokens: orNull(whole),
  max_tokens: orNull(whole),
  capabilities: nothing,
  lifecycle: text,
  line: nothing,
  deprecated_at: nothing,
  retires_at: nothing,
})
const models = looseObject('openai.ModelList', { object: oneOf('list'), data: list(model) })
const anthropicModels = looseObject('anthropic.ModelPage', {
  data: list(anthropicModel),
  has_more: { type: 'boolean' },
  first_id: orNull(text),
  last_id: orNull(text),
})

/** An error in a stream is an event; the last one is `[DONE]`, which is no JSON. */
const streamed = (json: Schema, sse: Schema): ReplyDocument => ({
  about: 'The whole, or with `stream` events that end with `[DONE]`.',
  json,
  sse: either(sse, error),
  sseEnd: '[DONE]',
  headers: TRUNCATED_DOCUMENT,
})

const OPERATIONS: Operations = {
  'POST /v1/chat/completions': {
    summary: 'Goes on with a conversation',
    takes: { struct: chatCompletionRequest, required: ['model', 'messages'], fates: CHAT_FATES },
    gives: { 200: streamed(chatCompletion, chatChunk) },
  },
  'POST /v1/completions': {
    summary: 'Completes prompts',
    takes: { struct: completionRequest, required: ['model'], fates: COMPLETION_FATES },
    gives: { 200: streamed(completion, completion) },
  },
  'POST /v1/embeddings': {
    summary: 'Makes vectors of texts',
    takes: { struct: embeddingRequest, required: ['model', 'input'], fates: EMBEDDING_FATES },
    gives: {
      200: {
        about: 'A vector of length 1 for each input: numbers, or base64 of 32-bit floats.',
        json: embeddings,
        headers: TEXTS_TRUNCATED_DOCUMENT,
      },
    },
  },
  'POST /v1/rerank': {
    summary: 'Sorts documents by how well they answer a query',
    takes: { struct: rerankRequest, required: ['model', 'query', 'documents'], fates: RERANK_FATES },
    gives: { 200: { about: 'The best first, with a score between 0 and 1.', json: reranked, headers: TEXTS_TRUNCATED_DOCUMENT } },
  },
  'POST /v1/audio/transcriptions': {
    summary: 'Writes down what is said in a recording',
    takes: { form: TRANSCRIPTION_FIELDS, required: ['file', 'model'] },
    gives: {
      200: {
        about: 'The words: as JSON, as text, or with `stream` as events that end with `[DONE]`.',
        json: transcription,
        text: true,
        sse: either(transcriptEvent, error),
        sseEnd: '[DONE]',
      },
    },
  },
  'GET /v1/models': {
    summary: 'Lists the models',
    query: {
      limit: 'Anthropic: models of one page.',
      after_id: 'Anthropic: the page behind it.',
      before_id: 'Anthropic: the page before it.',
    },
    gives: {
      200: { about: "A list; a page of Anthropic's for clients that send `anthropic-version`.", json: either(models, anthropicModels) },
    },
  },
  'GET /v1/models/*model': {
    summary: 'Tells of a model, whose name may have slashes',
    gives: { 200: { about: "Anthropic's shape for its clients.", json: either(model, anthropicModel) } },
  },
  ...RESPONSES_OPERATIONS,
}

export const OPENAI_DOCUMENT: DialectDocument = {
  tag: 'openai',
  about: "OpenAI's API, with Ollama's options beside its own fields.",
  operations: OPERATIONS,
  error,
  statuses: Object.fromEntries(Object.entries(CODES).map(([code, { status }]) => [code, status])),
}
