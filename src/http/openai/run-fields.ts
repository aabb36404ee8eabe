// The fields that chat and completions share, and what they mean to a run. What the request does not say stays as the Modelfile has it.

import { type Decoded, described, type Field, flag, integer, number, type Place, rawJson, struct, text } from '../../api/fields.ts'
import { completionFields, FORMAT_SCHEMA, runFields } from '../../api/run-fields.ts'
import { AppError, isAppError } from '../../base/errors.ts'
import { quoteGo } from '../../base/go-text.ts'
import { isRecord } from '../../base/json.ts'
import type { Think } from '../../chat/message.ts'
import { isOptionName, type ModelOptions, mergeOptions, OPTION_TYPES } from '../../model/options.ts'
import type { CompletionFields, OutputFormat } from '../../service/service.ts'
import type { Fates } from '../request-fields.ts'
import { fieldError } from './errors.ts'
import { choiceCount, keepAlive, logitBias, MAX_CHOICES, options, textOrTexts } from './fields.ts'

const responseFormat = struct(
  'ResponseFormat',
  {
    type: described(text, { type: 'string', description: '`text`, `json_object` or `json_schema`.' }),
    json_schema: struct(
      'JsonSchema',
      { name: text, description: text, strict: flag, schema: described(rawJson, { type: 'object' }) },
      { goPackage: 'openai' },
    ),
  },
  { goPackage: 'openai' },
)

type OpenAiOption = 'temperature' | 'top_p' | 'seed' | 'stop' | 'frequency_penalty' | 'presence_penalty'
type FurtherOption = Exclude<keyof ModelOptions, OpenAiOption>

/** What OpenAI does not have and Ollama's options do: `top_k`, `min_p`, `num_ctx`, ... at the top of the body. Looked at when options merge. */
const furtherOptions = Object.fromEntries(
  Object.keys(OPTION_TYPES).map((name) => [name, described(rawJson, { $ref: `#/components/schemas/Options/properties/${name}` })]),
) as Record<FurtherOption, Field<unknown>>

export const commonFields = {
  ...furtherOptions,
  model: runFields.model,
  stream: flag,
  stream_options: struct('StreamOptions', { include_usage: flag, include_obfuscation: flag }, { goPackage: 'openai' }),
  max_tokens: integer,
  n: choiceCount,
  seed: integer,
  stop: textOrTexts,
  temperature: number,
  top_p: number,
  frequency_penalty: number,
  presence_penalty: number,
  logit_bias: logitBias,
  response_format: responseFormat,
  service_tier: text,
  options,
  keep_alive: keepAlive,
  format: described(rawJson, FORMAT_SCHEMA),
  think: described(rawJson, completionFields.think.schema),
  truncate: flag,
  shift: flag,
  _debug_render_only: flag,
} as const

/** What becomes of the fields that neither chat nor completions have. */
export const COMMON_FATES: Fates = {
  user: 'unused',
  metadata: 'unused',
  store: 'unused',
  safety_identifier: 'unused',
  prompt_cache_key: 'unused',
  prompt_cache_retention: 'unused',
  // The result is the same without: it only says what the reply may look like, to make it faster.
  prediction: 'unused',
  grammar: { refusal: 'send response_format with a JSON schema' },
  guided_json: { refusal: 'send response_format with a JSON schema' },
  guided_regex: { refusal: 'send response_format with a JSON schema that has a pattern' },
  guided_choice: { refusal: 'send response_format with a JSON schema that has an enum' },
  guided_grammar: { refusal: 'send response_format with a JSON schema' },
}

export type CommonRequest = Decoded<typeof commonFields>

const MAX_LOGIT_BIASES = 4096
const NO_PLACE: Place = { struct: '', path: '', text: '' }

/** Throws `invalid_request` with `details.param`. `warnings` gets the names of what could not be used. */
export function toRunFields(wire: CommonRequest, warnings: string[]): CompletionFields {
  const logitBias = readLogitBias(wire.logit_bias)
  const keepAliveNs = readKeepAlive(wire.keep_alive, warnings)
  const format = readFormat(wire)
  // Padding against those who listen to the lengths of encrypted chunks.
  if (wire.stream_options?.include_obfuscation) warnings.push('stream_options.include_obfuscation')
  if (wire.stream_options && !wire.stream) warnings.push('stream_options')
  return {
    model: wire.model ?? '',
    options: toOptions(wire),
    ...(keepAliveNs === undefined ? {} : { keepAliveNs }),
    ...(format ? { format } : {}),
    ...(logitBias ? { logitBias } : {}),
    ...(wire.truncate === undefined ? {} : { truncate: wire.truncate }),
    ...(wire.shift === undefined ? {} : { shift: wire.shift }),
    ...(wire._debug_render_only ? { debugRenderOnly: true } : {}),
  }
}

/** Ollama's options. Throws `invalid_request` and `invalid_option`. */
export function readOptions(value: unknown): Record<string, unknown> {
  if (value === undefined) return {}
  if (isRecord(value)) {
    // What other fields replace may not be wrong either.
    mergeOptions(value)
    return value
  }
  throw fieldError('options', 'options must be an object', 'invalid_type')
}

/** How many choices are wanted. */
export function readCount(n: number | undefined, param: string): number {
  if (n === undefined) return 1
  if (n >= 1 && n <= MAX_CHOICES) return n
  throw fieldError(param, `${param} must be between 1 and ${MAX_CHOICES}`)
}

/** The same seed for all would make them all the same. */
export function forChoice<T extends { options?: Record<string, unknown> }>(request: T, index: number): T {
  const seed = request.options?.seed
  if (index === 0 || typeof seed !== 'number') return request
  return { ...request, options: { ...request.options, seed: seed + index } }
}

/** What a reasoning effort means; undefined leaves it to the model. Throws `invalid_request` in Ollama's words. */
export function toThink(effort: string | undefined, param: string): Think | undefined {
  switch (effort) {
    case undefined:
    case '':
      return undefined
    case 'none':
      return false
    case 'minimal':
      return 'low'
    case 'low':
    case 'medium':
    case 'high':
    case 'max':
      return effort
    case 'xhigh':
    case 'ultra':
      return 'max'
  }
  const words = '"minimal", "low", "medium", "high", "xhigh", "ultra", "max", or "none"'
  throw fieldError(param, `invalid reasoning value: ${quoteGo(effort)} (must be ${words})`)
}

/** Ollama's `think`. Throws `invalid_request` in its words. */
export function readNativeThink(value: unknown): Think {
  try {
    return completionFields.think.decode(value, NO_PLACE)
  } catch (error) {
    throw isAppError(error) ? fieldError('think', error.message) : error
  }
}

/** A format that `invalid_format` refuses is refused by the run, as Ollama does it. */
export function toOutputFormat(schema: unknown, param: string): OutputFormat {
  if (isRecord(schema)) return { type: 'schema', schema }
  const sent = quoteGo(JSON.stringify(schema))
  throw new AppError('invalid_format', `invalid format: ${sent}; expected "json" or a valid JSON Schema object`, { details: { param } })
}

function toOptions(wire: CommonRequest): Record<string, unknown> {
  const merged = { ...readOptions(wire.options) }
  for (const [name, value] of Object.entries(wire)) if (isOptionName(name) && value !== undefined) merged[name] = value
  if (wire.max_tokens !== undefined) merged.num_predict = wire.max_tokens
  const stop = readStop(wire.stop)
  if (stop) merged.stop = stop
  return merged
}

function readStop(stop: unknown): string[] | undefined {
  if (stop === undefined) return undefined
  if (typeof stop === 'string') return [stop]
  const wrong = Array.isArray(stop) ? stop.find((item) => typeof item !== 'string') : stop
  if (wrong === undefined && Array.isArray(stop)) return stop
  throw fieldError('stop', `invalid type for 'stop' field: ${goTypeOf(wrong)}`, 'invalid_type')
}

/** Token ids as keys, -100 to 100 as values. */
function readLogitBias(bias: unknown): [number, number][] | undefined {
  if (bias === undefined) return undefined
  if (!isRecord(bias)) throw fieldError('logit_bias', 'logit_bias must be an object of token ids and biases', 'invalid_type')
  const entries = Object.entries(bias)
  if (entries.length > MAX_LOGIT_BIASES) throw fieldError('logit_bias', `logit_bias must not have more than ${MAX_LOGIT_BIASES} entries`)
  return entries.map(([key, value]) => {
    if (!/^\d{1,9}$/.test(key)) throw fieldError('logit_bias', `logit_bias: ${JSON.stringify(key)} is no token id`)
    if (typeof value !== 'number' || Math.abs(value) > 100) {
      throw fieldError(`logit_bias.${key}`, 'logit_bias: a bias must be a number between -100 and 100')
    }
    return [Number(key), value]
  })
}

/** How long the model stays loaded is no part of the answer: what cannot be read is named, and the server's own time holds. */
export function readKeepAlive(value: unknown, warnings: string[]): number | undefined {
  if (value === undefined) return undefined
  try {
    return completionFields.keep_alive.decode(value, NO_PLACE)
  } catch (error) {
    if (!isAppError(error)) throw error
    warnings.push('keep_alive')
    return undefined
  }
}

function readFormat({ response_format: wanted, format }: CommonRequest): OutputFormat | undefined {
  if (wanted === undefined) return readNativeFormat(format)
  const type = (wanted.type ?? '').trim().toLowerCase()
  if (type === 'text' || type === '') return undefined
  if (type === 'json_object') return { type: 'json' }
  if (type !== 'json_schema') {
    throw fieldError('response_format.type', `invalid response_format: ${quoteGo(type)} (must be "text", "json_object", or "json_schema")`)
  }
  const schema = wanted.json_schema?.schema
  if (schema === undefined) {
    throw fieldError('response_format.json_schema', 'response_format needs a json_schema with a schema', 'missing_required_parameter')
  }
  return toOutputFormat(schema, 'response_format.json_schema.schema')
}

function readNativeFormat(format: unknown): OutputFormat | undefined {
  if (format === undefined || format === '') return undefined
  return format === 'json' ? { type: 'json' } : toOutputFormat(format, 'format')
}

function goTypeOf(value: unknown): string {
  if (value === null || value === undefined) return '<nil>'
  if (Array.isArray(value)) return '[]interface {}'
  if (typeof value === 'object') return 'map[string]interface {}'
  return typeof value === 'number' ? 'float64' : typeof value === 'boolean' ? 'bool' : 'string'
}
