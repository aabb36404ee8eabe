// A request of Anthropic's dialect as the domain's. What it does not say stays as the Modelfile has it.

import { type Decoded, described, flag, integer, list, number, rawJson, struct, text } from '../../api/fields.ts'
import { runFields } from '../../api/run-fields.ts'
import { AppError } from '../../base/errors.ts'
import { isRecord } from '../../base/json.ts'
import type { Think } from '../../chat/message.ts'
import type { ChatRequest, OutputFormat } from '../../service/service.ts'
import { type DecodedRequest, decodeRequest, type Fates } from '../request-fields.ts'
import { fieldError, wordedError } from './errors.ts'
import { marksCache, messages, toMessages, toSystemMessages } from './messages.ts'
import { Notes } from './notes.ts'
import { toolChoice, tools, toToolChoice, toTools } from './tools.ts'

const promptFields = {
  model: runFields.model,
  messages,
  system: described(rawJson, { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'object' } }] }),
  tools,
  tool_choice: toolChoice,
  thinking: struct('ThinkingConfig', { type: text, budget_tokens: integer, display: text }, { goPackage: 'anthropic' }),
  output_config: struct('OutputConfig', { effort: text, format: rawJson }, { goPackage: 'anthropic' }),
  output_format: described(rawJson, { type: 'object', description: 'The older place of `output_config.format`.' }),
  cache_control: described(rawJson, { description: 'Tells that cached tokens are to be counted apart.' }),
  /** Beyond Anthropic: options of the run, and how long the model stays loaded. */
  options: runFields.options,
  keep_alive: runFields.keep_alive,
} as const

export const messagesRequest = struct(
  'MessagesRequest',
  {
    ...promptFields,
    max_tokens: integer,
    stream: flag,
    temperature: number,
    top_p: number,
    top_k: integer,
    stop_sequences: list(text, '[]string'),
    /** Who a model's user is changes nothing. */
    metadata: struct('Metadata', { user_id: text }, { goPackage: 'anthropic' }),
  },
  { goPackage: 'anthropic' },
)

export const countTokensRequest = struct('CountTokensRequest', promptFields, { goPackage: 'anthropic' })

type PromptRequest = Decoded<typeof promptFields>

const isEmptyList = (value: unknown): boolean => Array.isArray(value) && value.length === 0

/** What Anthropic knows beside these. A model's name for its users, its price, its speed: none of these changes what a local model says. */
export const FATES: Fates = {
  service_tier: 'unused',
  inference_geo: 'unused',
  speed: 'unused',
  diagnostics: 'unused',
  user_profile_id: 'unused',
  workspace_id: 'unused',
  billing_policy: 'unused',
  fallbacks: 'unused',
  fallback_credit_token: 'unused',
  context_management: 'unused',
  container: { refusal: 'there are no containers here' },
  mcp_servers: { refusal: 'there is no MCP connector here: call the servers in the client', unless: isEmptyList },
  compaction: { refusal: 'there is no compaction here' },
  thread: { refusal: 'there are no threads here: send all messages' },
}

export interface MessagesCall {
  request: ChatRequest
  streams: boolean
  /** Tokens read from the cache are counted apart. */
  countsCache: boolean
  hidesThinking: boolean
  stopSequences: readonly string[]
  maxTokens: number
  warnings: string[]
}

/** Throws `invalid_request`, `model_required`. */
export function readMessagesCall(body: Uint8Array): MessagesCall {
  const { fields, warnings } = decodeRequest(body, messagesRequest, FATES)
  const { max_tokens: maxTokens = 0, temperature, top_p: topP, top_k: topK, stop_sequences: stop } = fields
  const prompt = toChatRequest({ fields, warnings }, (wire) => {
    if (maxTokens <= 0) throw wordedError('max_tokens', 'max_tokens is required and must be positive')
    return {
      ...wire.options,
      num_predict: maxTokens,
      ...(temperature === undefined ? {} : { temperature }),
      ...(topP === undefined ? {} : { top_p: topP }),
      ...(topK === undefined ? {} : { top_k: topK }),
      ...(stop && stop.length > 0 ? { stop } : {}),
    }
  })
  if (fields.metadata) warnings.unshift('metadata')
  const request: ChatRequest = fields.stream && prompt.tools ? { ...prompt, streamsCalls: true } : prompt
  return {
    request,
    streams: fields.stream ?? false,
    countsCache: isRecord(fields.cache_control) || [fields.system, fields.tools, fields.messages].some((part) => marksCache(part)),
    hidesThinking: fields.thinking?.display === 'omitted',
    stopSequences: stop ?? [],
    maxTokens,
    warnings,
  }
}

export interface CountTokensCall {
  request: ChatRequest
  warnings: string[]
}

/** Throws `invalid_request`, `model_required`. */
export function readCountTokensCall(body: Uint8Array): CountTokensCall {
  const decoded = decodeRequest(body, countTokensRequest, FATES)
  return { request: toChatRequest(decoded, ({ options }) => options), warnings: decoded.warnings }
}

/** The order of the checks is Ollama's. `warnings` gets what was said and not used. */
function toChatRequest(
  { fields, warnings }: DecodedRequest<typeof promptFields>,
  toOptions: (wire: PromptRequest) => Record<string, unknown> | undefined,
): ChatRequest {
  if (!fields.model) throw new AppError('model_required', 'model is required')
  const options = toOptions(fields)
  if (!fields.messages || fields.messages.length === 0) throw wordedError('messages', 'messages is required')
  const notes = new Notes()
  const all = toTools(fields.tools ?? [], notes)
  const wanted = toThink(fields, notes)
  const turns = toMessages(fields.messages, notes)
  // A reply that has begun is beyond its thinking.
  const think = wanted === undefined && turns.at(-1)?.role === 'assistant' ? false : wanted
  const format = toFormat(fields)
  const request: ChatRequest = {
    model: fields.model,
    messages: [...toSystemMessages(fields.system, notes), ...turns],
    thinkIsOptional: true,
    continuesLastMessage: true,
    ...(options ? { options } : {}),
    ...(all.length > 0 ? { tools: all } : {}),
    ...toToolChoice(fields.tool_choice, all),
    ...(think === undefined ? {} : { think }),
    ...toBudget(fields),
    ...(format ? { format } : {}),
    ...(fields.keep_alive === undefined ? {} : { keepAliveNs: fields.keep_alive }),
  }
  warnings.push(...notes.names)
  return request
}

const EFFORTS = new Map<string, Think>([
  ['low', 'low'],
  ['medium', 'medium'],
  ['high', 'high'],
  ['xhigh', 'high'],
  ['max', 'max'],
])

/** An effort says how long a model thinks, where it may think at all. Undefined leaves it to the model. */
function toThink({ thinking, output_config: config }: PromptRequest, notes: Notes): Think | undefined {
  const effort = readEffort(config)
  switch (thinking?.type) {
    case 'disabled':
      return false
    case 'enabled':
      return effort ?? true
    case undefined:
    case 'adaptive':
      return effort
    case 'between_tools':
      // Only some of Anthropic's models know to think then and only then.
      notes.add('thinking.type')
      return effort
  }
  throw fieldError('thinking.type', 'must be enabled, disabled or adaptive')
}

function toBudget({ thinking }: PromptRequest): Pick<ChatRequest, 'thinkingBudgetTokens'> {
  const { type, budget_tokens: tokens } = thinking ?? {}
  if (type !== 'enabled' || tokens === undefined) return {}
  if (tokens <= 0) throw fieldError('thinking.budget_tokens', 'must be positive')
  return { thinkingBudgetTokens: tokens }
}

function readEffort({ effort = '' }: { effort?: string } = {}): Think | undefined {
  if (effort === '') return undefined
  const think = EFFORTS.get(effort.trim().toLowerCase())
  if (think === undefined) throw fieldError('output_config.effort', 'must be low, medium, high, xhigh or max')
  return think
}

/** `output_format` is the older place of `output_config.format`. */
function toFormat({ output_config: config, output_format: older }: PromptRequest): OutputFormat | undefined {
  const place = config?.format ? 'output_config.format' : 'output_format'
  const format = config?.format ?? older
  if (format === undefined || format === null) return undefined
  if (!isRecord(format) || format.type !== 'json_schema') throw fieldError(`${place}.type`, 'must be json_schema')
  if (!isRecord(format.schema)) throw fieldError(`${place}.schema`, 'must be a JSON Schema object')
  return { type: 'schema', schema: format.schema }
}
