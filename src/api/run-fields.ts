// The fields that requests share which reach a runner: keep_alive, think, format, options.

import { parseDurationNs } from '../base/duration.ts'
import { AppError } from '../base/errors.ts'
import { isRecord } from '../base/json.ts'
import { decodeBase64 } from './base64.ts'
import { described, type Field, flag, integer, list, rawJson, record, text, wrongType } from './fields.ts'

/** What a client may write for the fields that generate and chat share. */
export interface CompletionBody {
  model: string
  stream?: boolean
  /** `json`, or a JSON Schema. */
  format?: unknown
  /** Seconds, or a duration as `5m`; negative = for ever, 0 = unload after the answer. */
  keep_alive?: number | string
  options?: Record<string, unknown>
  think?: boolean | 'low' | 'medium' | 'high' | 'max'
  truncate?: boolean
  shift?: boolean
  logprobs?: boolean
  top_logprobs?: number
  _debug_render_only?: boolean
}

/** Nanoseconds; Infinity = for ever. A number counts seconds. */
const keepAlive: Field<number> = {
  zero: 0,
  schema: {
    type: ['number', 'string'],
    description: 'How long the model stays loaded: seconds, or a duration as `5m`; negative = for ever, 0 = unload after the answer.',
  },
  decode(value, place) {
    if (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY) throw wrongType(value, place, 'float64')
    if (typeof value !== 'number' && typeof value !== 'string') throw invalid(`Unsupported type: '${goTypeOf(value)}'`)
    const ns = typeof value === 'number' ? value * 1e9 : parseDurationNs(value)
    return ns < 0 ? Number.POSITIVE_INFINITY : ns
  },
}

const THINK_WORDS = ['low', 'medium', 'high', 'max'] as const
type ThinkWord = (typeof THINK_WORDS)[number]

const think: Field<boolean | ThinkWord> = {
  zero: false,
  schema: { enum: [true, false, ...THINK_WORDS], description: 'Whether, or how much, a model thinks that can.' },
  decode(value) {
    if (typeof value === 'boolean') return value
    const words = '"high", "medium", "low", "max", true, or false'
    if (typeof value !== 'string') throw invalid(`think must be a boolean or string (${words})`)
    const word = THINK_WORDS.find((known) => known === value)
    if (!word) throw invalid(`invalid think value: ${JSON.stringify(value)} (must be ${words})`)
    return word
  },
}

const BASE64 = '^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$'

const image: Field<Uint8Array> = {
  zero: new Uint8Array(),
  schema: { type: 'string', contentEncoding: 'base64', pattern: BASE64 },
  decode(value, place) {
    if (typeof value !== 'string') throw wrongType(value, place, 'api.ImageData')
    return decodeBase64(value)
  },
}

export const images = list(image, '[]api.ImageData')

/** What may stand in `options` is said once for all dialects, by the document that shows them. */
export const OPTIONS_SCHEMA = { $ref: '#/components/schemas/Options' } as const
export const FORMAT_SCHEMA = { anyOf: [{ enum: ['json', ''] }, { type: 'object', description: 'A JSON Schema.' }] } as const

const modelName = described(text, { type: 'string', description: 'Name of a model: `[host/][namespace/]model[:tag]`.' })

export const runFields = { model: modelName, keep_alive: keepAlive, options: described(record, OPTIONS_SCHEMA) } as const

export const completionFields = {
  ...runFields,
  stream: flag,
  format: described(rawJson, FORMAT_SCHEMA),
  think,
  truncate: flag,
  shift: flag,
  logprobs: flag,
  top_logprobs: integer,
  _debug_render_only: flag,
} as const

function goTypeOf(value: unknown): string {
  if (Array.isArray(value)) return '[]interface {}'
  return isRecord(value) ? 'map[string]interface {}' : 'bool'
}

function invalid(message: string): AppError {
  return new AppError('invalid_request', message)
}
