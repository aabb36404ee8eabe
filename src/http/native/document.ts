// What /api/* answers, and from which tables it takes its fields.

import { type ChatResponseBody, chatRequest } from '../../api/chat.ts'
import { createRequest } from '../../api/create.ts'
import { type EmbeddingsResponseBody, type EmbedResponseBody, embeddingsRequest, embedRequest } from '../../api/embed.ts'
import {
  type DebugInfoBody,
  type GenerateResponseBody,
  generateRequest,
  type LogprobBody,
  type MetricsBody,
  type TokenLogprobBody,
  type TruncationBody,
} from '../../api/generate.ts'
import type { ToolCallBody } from '../../api/message.ts'
import {
  copyRequest,
  deleteRequest,
  type ModelDetailsBody,
  type PsResponseBody,
  type ShowResponseBody,
  showRequest,
  type TagsResponseBody,
} from '../../api/models.ts'
import { type DetokenizeResponseBody, detokenizeRequest, type TokenizeResponseBody, tokenizeRequest } from '../../api/tokenize.ts'
import { type ProgressBody, pullRequest, pushRequest } from '../../api/transfer.ts'
import type { DialectDocument, Operation, Operations } from '../operation.ts'
import { anyObject, flag, list, number, object, oneOf, optional, orNull, type Schema, type Shape, text, time, whole } from '../schema.ts'
import { DROPPED_SHAPE, TEXTS_TRUNCATED_DOCUMENT, TRUNCATED_DOCUMENT } from '../truncated.ts'
import { STATUS } from './errors.ts'

const details = object<ModelDetailsBody>('api.ModelDetails', {
  parent_model: text,
  format: text,
  family: text,
  families: orNull(list(text)),
  parameter_size: text,
  quantization_level: text,
  context_length: optional(whole),
  embedding_length: optional(whole),
})

const tokenLogprob = { token: text, logprob: number, bytes: optional(list(whole)) }
const logprob = object<LogprobBody>('api.Logprob', {
  ...tokenLogprob,
  top_logprobs: optional(list(object<TokenLogprobBody>('api.TokenLogprob', tokenLogprob))),
})

const toolCall = object<ToolCallBody>('api.ToolCallReply', {
  id: optional(text),
  function: object<ToolCallBody['function']>(undefined, { index: optional(whole), name: text, arguments: anyObject }),
})

type Ending = MetricsBody & TruncationBody & Pick<ChatResponseBody, 'done' | 'done_reason' | '_debug_info' | 'logprobs'>

const ending: Shape<Ending> = {
  total_duration: optional(whole),
  load_duration: optional(whole),
  prompt_eval_count: optional(whole),
  prompt_eval_cached_count: optional(whole),
  prompt_eval_duration: optional(whole),
  eval_count: optional(whole),
  eval_duration: optional(whole),
  truncated: optional(flag),
  ...DROPPED_SHAPE,
  done: flag,
  done_reason: optional(oneOf('stop', 'length', 'repetition', 'load', 'unload')),
  _debug_info: optional(object<DebugInfoBody>('api.DebugInfo', { rendered_template: text, image_count: optional(whole) })),
  logprobs: optional(list(logprob)),
}

const chatResponse = object<ChatResponseBody>('api.ChatResponse', {
  model: text,
  created_at: time,
  message: object<ChatResponseBody['message']>('api.ReplyMessage', {
    role: text,
    content: text,
    thinking: optional(text),
    tool_calls: optional(list(toolCall)),
  }),
  ...ending,
})

const generateResponse = object<GenerateResponseBody>('api.GenerateResponse', {
  model: text,
  created_at: time,
  response: text,
  thinking: optional(text),
  context: optional(list(whole)),
  tool_calls: optional(list(toolCall)),
  ...ending,
})

const embedResponse = object<EmbedResponseBody>('api.EmbedResponse', {
  model: text,
  embeddings: list(list(number)),
  total_duration: optional(whole),
  load_duration: optional(whole),
  prompt_eval_count: optional(whole),
  truncated: optional(flag),
  prompt_dropped_tokens: optional(whole),
})

const tagsResponse = object<TagsResponseBody>('api.ListResponse', {
  models: list(
    object<TagsResponseBody['models'][number]>('api.ListedModel', {
      name: text,
      model: text,
      remote_model: optional(text),
      remote_host: optional(text),
      modified_at: time,
      size: whole,
      digest: text,
      details,
      capabilities: optional(list(text)),
    }),
  ),
})

const psResponse = object<PsResponseBody>('api.ProcessResponse', {
  models: list(
    object<PsResponseBody['models'][number]>('api.RunningModel', {
      name: text,
      model: text,
      size: whole,
      digest: text,
      details,
      expires_at: time,
      size_vram: whole,
      context_length: whole,
    }),
  ),
})

const showResponse = object<ShowResponseBody>('api.ShowResponse', {
  license: optional(text),
  modelfile: optional(text),
  parameters: optional(text),
  template: optional(text),
  system: optional(text),
  details,
  messages: optional(list(object<{ role: string; content: string }>(undefined, { role: text, content: text }))),
  remote_model: optional(text),
  remote_host: optional(text),
  model_info: anyObject,
  projector_info: optional(anyObject),
  tensors: optional(
    list(object<{ name: string; type: string; shape: number[] }>('api.Tensor', { name: text, type: text, shape: list(whole) })),
  ),
  capabilities: optional(list(text)),
  modified_at: time,
  requires: optional(text),
})

const progress = object<ProgressBody>('api.ProgressResponse', {
  status: text,
  digest: optional(text),
  total: optional(whole),
  completed: optional(whole),
})

/** Once a stream has begun, an error is its last record. */
const error = object<{ error: string }>('api.Error', { error: text })
const record = (schema: Schema): Schema => ({ anyOf: [schema, error] })

const NOTHING = { 200: { about: 'Done.' } }
const root: Operation = { summary: 'Says that the server runs', gives: { 200: { about: '`Ollama is running`', text: true } } }
const version: Operation = {
  summary: "The version of Ollama whose wire this is, and Llamero's own",
  gives: {
    200: { about: 'Both.', json: object<{ version: string; llamero?: string }>(undefined, { version: text, llamero: optional(text) }) },
  },
}
const tags: Operation = { summary: 'Lists the models', gives: { 200: { about: 'The newest first.', json: tagsResponse } } }
const show: Operation = {
  summary: 'Tells what a model is',
  takes: { struct: showRequest },
  gives: { 200: { about: 'What it is.', json: showResponse } },
}
const withProgress = (summary: string, struct: NonNullable<Operation['takes']>): Operation => ({
  summary,
  takes: struct,
  gives: { 200: { about: 'Progress; without `stream` its last record alone.', json: progress, ndjson: record(progress) } },
})
const signedOut = (summary: string): Operation => ({ summary: `${summary}. Always refused: there is no account here`, gives: {} })

const OPERATIONS: Operations = {
  'HEAD /': { ...root, gives: NOTHING },
  'GET /': root,
  'HEAD /api/version': { ...version, gives: NOTHING },
  'GET /api/version': version,
  'HEAD /api/tags': { ...tags, gives: NOTHING },
  'GET /api/tags': tags,
  'GET /api/ps': { summary: 'Lists the loaded models', gives: { 200: { about: 'The one that stays longest first.', json: psResponse } } },
  'GET /api/status': {
    summary: "Tells that there is no part of Ollama's cloud here",
    gives: { 200: { about: 'Disabled.', json: object<{ cloud: object }>(undefined, { cloud: anyObject }) } },
  },
  'POST /api/generate': {
    summary: 'Completes a prompt',
    takes: { struct: generateRequest, required: ['model'] },
    gives: {
      200: {
        about: 'Records as they come; without `stream` one of all.',
        json: generateResponse,
        ndjson: record(generateResponse),
        headers: TRUNCATED_DOCUMENT,
      },
    },
  },
  'POST /api/chat': {
    summary: 'Goes on with a conversation',
    takes: { struct: chatRequest, required: ['model'] },
    gives: {
      200: {
        about: 'Records as they come; without `stream` one of all.',
        json: chatResponse,
        ndjson: record(chatResponse),
        headers: TRUNCATED_DOCUMENT,
      },
    },
  },
  'POST /api/embed': {
    summary: 'Makes vectors of texts',
    takes: { struct: embedRequest, required: ['model'] },
    gives: { 200: { about: 'A vector of length 1 for each text.', json: embedResponse, headers: TEXTS_TRUNCATED_DOCUMENT } },
  },
  'POST /api/embeddings': {
    summary: 'Makes a vector of one text; older than /api/embed',
    takes: { struct: embeddingsRequest, required: ['model'] },
    gives: {
      200: {
        about: 'A vector as the model gives it.',
        json: object<EmbeddingsResponseBody>('api.EmbeddingResponse', { embedding: list(number) }),
      },
    },
  },
  'POST /api/tokenize': {
    summary: "Makes a model's tokens of a text",
    takes: { struct: tokenizeRequest, required: ['model'] },
    gives: {
      200: {
        about: 'Ids.',
        json: object<TokenizeResponseBody>('api.TokenizeResponse', { model: text, tokens: list(whole) }),
      },
    },
  },
  'POST /api/detokenize': {
    summary: "Makes a text of a model's tokens",
    takes: { struct: detokenizeRequest, required: ['model'] },
    gives: { 200: { about: 'The text.', json: object<DetokenizeResponseBody>('api.DetokenizeResponse', { model: text, text }) } },
  },
  'POST /api/show': show,
  'GET /api/show': {
    ...show,
    takes: { struct: showRequest, isOptional: true },
    query: { model: 'Its name, where there is no body.', name: 'An older word for `model`.', verbose: '`true` for the tensors too.' },
  },
  'POST /api/create': withProgress('Makes a model', { struct: createRequest, required: ['model'] }),
  'POST /api/copy': {
    summary: 'Gives a model another name',
    takes: { struct: copyRequest, required: ['source', 'destination'] },
    gives: NOTHING,
  },
  'DELETE /api/delete': { summary: 'Removes a model', takes: { struct: deleteRequest }, gives: NOTHING },
  'POST /api/pull': withProgress('Fetches a model', { struct: pullRequest }),
  'POST /api/push': withProgress('Sends a model to a registry', { struct: pushRequest }),
  'HEAD /api/blobs/:digest': { summary: 'Tells whether a file is there', gives: { 200: { about: 'It is.' } } },
  'POST /api/blobs/:digest': {
    summary: 'Sends a file that a model will be made from',
    takes: { isFile: true },
    gives: { 200: { about: 'It was there.' }, 201: { about: 'It is there now.' } },
  },
  'POST /api/me': signedOut('Who is signed in'),
  'POST /api/signout': signedOut('Signs out'),
  'DELETE /api/user/keys/:key': signedOut('Signs out'),
  'POST /api/experimental/web_search': signedOut("A search by Ollama's cloud"),
  'POST /api/experimental/web_fetch': signedOut("A page by Ollama's cloud"),
  'GET /api/experimental/model-recommendations': {
    summary: 'Models to try; there are none to recommend',
    gives: {
      200: { about: 'None.', json: object<{ recommendations: object[] }>(undefined, { recommendations: list(anyObject) }) },
    },
  },
}

export const NATIVE_DOCUMENT: DialectDocument = {
  tag: 'native',
  about: "Ollama's own API. Keys are read in any case.",
  operations: OPERATIONS,
  error,
  statuses: STATUS,
}
