// `POST /v1/completions`: every field of OpenAI's completions, of Ollama's, and of the extensions that clients send, and what becomes of it.

import { type Decoded, flag, kindOf, singleNumber, struct, text } from '../../api/fields.ts'
import type { Think } from '../../chat/message.ts'
import type { GenerateRequest } from '../../service/service.ts'
import type { Fates } from '../request-fields.ts'
import { fieldError, unsupported } from './errors.ts'
import { choiceCount, MAX_CHOICES, MAX_TOP_LOGPROBS, textsOrTokens, topLogprobs } from './fields.ts'
import { COMMON_FATES, commonFields, readCount, readNativeThink, toRunFields, toThink } from './run-fields.ts'

export const completionRequest = struct(
  'CompletionRequest',
  {
    ...commonFields,
    temperature: singleNumber,
    top_p: singleNumber,
    frequency_penalty: singleNumber,
    presence_penalty: singleNumber,
    prompt: textsOrTokens,
    suffix: text,
    logprobs: topLogprobs,
    echo: flag,
    best_of: choiceCount,
    raw: flag,
    system: text,
    template: text,
    reasoning_effort: text,
  },
  { goPackage: 'openai' },
)

export type WireCompletionRequest = Decoded<(typeof completionRequest)['fields']>

const NOT_A_COMPLETION_FIELD = 'belongs to /v1/chat/completions'

export const COMPLETION_FATES: Fates = {
  ...COMMON_FATES,
  max_completion_tokens: { refusal: 'send max_tokens' },
  top_logprobs: { refusal: 'send logprobs' },
  messages: { refusal: NOT_A_COMPLETION_FIELD },
  tools: { refusal: NOT_A_COMPLETION_FIELD },
  tool_choice: { refusal: NOT_A_COMPLETION_FIELD },
  functions: { refusal: NOT_A_COMPLETION_FIELD },
  chat_template_kwargs: { refusal: NOT_A_COMPLETION_FIELD },
  context: { refusal: 'belongs to /api/generate' },
  images: { refusal: 'belongs to /api/generate' },
}

/** One of the prompts of a request: a text, or token ids that go to the model as they are. */
export type Prompt = string | readonly number[]

export interface CompletionPlan {
  prompts: Prompt[]
  /** Without its prompt. */
  request: Omit<GenerateRequest, 'prompt'>
  /** Choices for each prompt, and how many replies they are chosen from. */
  n: number
  bestOf: number
  echo: boolean
  /** Alternatives per token that the answer shows. */
  logprobs: number | undefined
  /** The thinking of a model is shown only to a client that has asked for it. */
  showsThinking: boolean
}

/** Prompts of one request: each is a run of its own. */
const MAX_PROMPTS = 2048

/** Throws `invalid_request` with `details.param`. `warnings` gets the names of what could not be used. */
export function toCompletionPlan(wire: WireCompletionRequest, warnings: string[]): CompletionPlan {
  const prompts = readPrompts(wire.prompt)
  const n = readCount(wire.n, 'n')
  const bestOf = readBestOf(wire, n)
  const logprobs = readLogprobs(wire.logprobs)
  const echo = wire.echo === true
  const tellsPrompt = echo && logprobs !== undefined
  if (tellsPrompt) refuseTemplated(wire)
  const think = readThink(wire)
  const { suffix, system, template, raw } = wire
  const askedLogprobs = logprobs ?? (bestOf > n ? 0 : undefined)
  return {
    prompts,
    request: {
      ...toRunFields(wire, warnings),
      // What a model thinks has no place in a completion, so it had better not.
      think: think ?? false,
      ...(askedLogprobs === undefined ? {} : { topLogprobs: askedLogprobs }),
      // The words of a template would stand between the prompt's tokens.
      ...(tellsPrompt ? { promptLogprobs: logprobs, raw: true, truncate: wire.truncate ?? false } : {}),
      ...(wire.max_tokens === 0 ? { prefillOnly: true } : {}),
      ...(suffix ? { suffix } : {}),
      ...(system ? { system } : {}),
      ...(template ? { template } : {}),
      ...(raw ? { raw } : {}),
    },
    n,
    bestOf,
    echo,
    logprobs,
    showsThinking: think !== undefined && think !== false,
  }
}

/** What would put words around a prompt whose tokens are to be told one by one. */
function refuseTemplated({ suffix, system, template }: WireCompletionRequest): void {
  const param = suffix ? 'suffix' : system ? 'system' : template ? 'template' : undefined
  if (param === undefined) return
  throw unsupported(param, `${param}: with echo and logprobs the prompt goes to the model as it is; leave out ${param}, echo or logprobs`)
}

function readPrompts(prompt: unknown): Prompt[] {
  if (prompt === undefined) return ['']
  if (typeof prompt === 'string') return [prompt]
  if (isTokens(prompt)) return [prompt]
  if (!Array.isArray(prompt)) {
    const words = `json: cannot unmarshal ${kindOf(prompt)} into Go struct field CompletionRequest.prompt of type string`
    throw fieldError('prompt', words, 'invalid_type')
  }
  const isList = prompt.length > 0 && prompt.every((item) => typeof item === 'string' || isTokens(item))
  if (!isList) throw fieldError('prompt', 'prompt must be a string, an array of strings, or an array of token ids', 'invalid_type')
  if (prompt.length > MAX_PROMPTS) throw fieldError('prompt', `prompt must not have more than ${MAX_PROMPTS} items`)
  return prompt
}

function isTokens(value: unknown): value is number[] {
  return Array.isArray(value) && value.length > 0 && value.every((item) => Number.isInteger(item) && item >= 0)
}

function readBestOf({ best_of: bestOf, stream }: WireCompletionRequest, n: number): number {
  if (bestOf === undefined) return n
  if (bestOf < n || bestOf > MAX_CHOICES) throw fieldError('best_of', `best_of must be between n (${n}) and ${MAX_CHOICES}`)
  if (bestOf > n && stream)
    throw fieldError('best_of', 'best_of: which replies are the best is known only at their end, so they cannot be streamed')
  return bestOf
}

function readLogprobs(logprobs: number | undefined): number | undefined {
  if (logprobs === undefined) return undefined
  if (logprobs >= 0 && logprobs <= MAX_TOP_LOGPROBS) return logprobs
  throw fieldError('logprobs', `logprobs must be between 0 and ${MAX_TOP_LOGPROBS}`)
}

function readThink(wire: WireCompletionRequest): Think | undefined {
  return toThink(wire.reasoning_effort, 'reasoning_effort') ?? (wire.think === undefined ? undefined : readNativeThink(wire.think))
}
