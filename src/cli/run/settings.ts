// What `run` was asked for, from its flags. The prompt's /set changes it later.

import type { ChatRequestBody } from '../../api/chat.ts'
import { parseDurationNs } from '../../base/duration.ts'
import { AppError } from '../../base/errors.ts'
import { parseParameter } from '../../modelfile/parameters.ts'
import type { FlagTable, Invocation } from '../arguments.ts'

export type ThinkSetting = NonNullable<ChatRequestBody['think']>

export interface RunSettings {
  model: string
  options: Record<string, unknown>
  /** Empty: the model's own. */
  system: string
  /** `json` or a JSON Schema. */
  format: unknown
  /** Undefined: not sent. */
  think: ThinkSetting | undefined
  /** The user chose; else the model's capability decides. */
  thinkGiven: boolean
  keepAlive: number | string | undefined
  hideThinking: boolean
  wordWrap: boolean
  verbose: boolean
  /** The server's records in place of text. */
  json: boolean
}

const THINK_LEVELS: readonly string[] = ['low', 'medium', 'high', 'max']

export const RUN_FLAGS: FlagTable = {
  keepalive: { type: 'string', help: 'How long the model stays loaded (5m; a number means seconds, -1 for ever)' },
  verbose: { type: 'boolean', help: 'Show timings after a reply' },
  insecure: { type: 'boolean', help: 'Use http instead of https when the model has to be pulled' },
  nowordwrap: { type: 'boolean', help: 'Do not wrap lines at words' },
  format: { type: 'string', values: ['json'], help: 'Format of the reply: json, or a JSON Schema' },
  // Ollama takes the level of `--think low` for the prompt, and says nothing.
  think: {
    type: 'string',
    implied: 'true',
    values: ['true', 'false', ...THINK_LEVELS],
    help: 'Think first: true, false, low, medium, high or max',
  },
  hidethinking: { type: 'boolean', help: 'Do not show what the model thinks' },
  truncate: { type: 'boolean', help: 'Embedding models: cut a text that is too long (default true); --truncate=false refuses it' },
  dimensions: { type: 'int', help: 'Embedding models: length of the vector' },
  option: { type: 'list', short: 'o', help: 'Set an option of the model; may be repeated' },
  'num-ctx': { type: 'int', help: 'Context length in tokens' },
  temperature: { type: 'float', help: 'Temperature' },
  seed: { type: 'int', help: 'Seed of the random numbers' },
  system: { type: 'string', help: 'System message' },
  json: { type: 'boolean', help: "With a prompt: print the server's records, a line each" },
  'no-start': { type: 'boolean', help: 'Do not start a server when none is running' },
}

/** Throws `invalid_request` and `invalid_modelfile` (an option's value). */
export function readRunSettings(model: string, invocation: Invocation): RunSettings {
  return {
    model,
    options: readOptions(invocation),
    system: invocation.text('system'),
    format: parseFormat(invocation.text('format')),
    think: invocation.given('think') ? parseThink(invocation.text('think')) : undefined,
    thinkGiven: invocation.given('think'),
    keepAlive: parseKeepAlive(invocation.text('keepalive')),
    hideThinking: invocation.boolean('hidethinking'),
    wordWrap: !invocation.boolean('nowordwrap'),
    verbose: invocation.boolean('verbose'),
    json: invocation.boolean('json'),
  }
}

export function parseFormat(text: string): unknown {
  if (text === '') return undefined
  if (text === 'json') return text
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new AppError('invalid_request', `invalid value for --format: neither "json" nor a JSON Schema: ${text}`, { cause })
  }
}

/** The fields that chat and generate share. */
export function toRequestFields(settings: RunSettings): Pick<ChatRequestBody, 'model' | 'options' | 'format' | 'think' | 'keep_alive'> {
  const { model, options, format, think, keepAlive } = settings
  return {
    model,
    ...(Object.keys(options).length > 0 ? { options } : {}),
    ...(format === undefined ? {} : { format }),
    ...(think === undefined ? {} : { think }),
    ...(keepAlive === undefined ? {} : { keep_alive: keepAlive }),
  }
}

function readOptions(invocation: Invocation): Record<string, unknown> {
  const options: Record<string, unknown> = {}
  for (const text of invocation.list('option')) {
    const equals = text.indexOf('=')
    if (equals <= 0) throw new AppError('invalid_request', `invalid value for --option: ${JSON.stringify(text)} (must be key=value)`)
    const key = text.slice(0, equals)
    const value = parseParameter(key, [text.slice(equals + 1)])
    const earlier = options[key]
    options[key] = Array.isArray(value) && Array.isArray(earlier) ? [...earlier, ...value] : value
  }
  const numbers = { num_ctx: invocation.number('num-ctx'), temperature: invocation.number('temperature'), seed: invocation.number('seed') }
  for (const [key, value] of Object.entries(numbers)) if (value !== undefined) options[key] = value
  return options
}

function parseThink(text: string): ThinkSetting {
  if (text === '' || text === 'true') return true
  if (text === 'false') return false
  if (THINK_LEVELS.includes(text)) return text as ThinkSetting
  const message = `invalid value for --think: ${JSON.stringify(text)} (must be true, false, high, medium, low, or max)`
  throw new AppError('invalid_request', message)
}

function parseKeepAlive(text: string): number | string | undefined {
  if (text === '') return undefined
  if (/^[+-]?\d+$/.test(text)) return Number(text)
  parseDurationNs(text)
  return text
}
