// `POST /v1/chat/completions`: every field of OpenAI's chat, of Ollama's, and of the extensions that clients send, and what becomes of it.

import { type Decoded, described, flag, integer, list, rawJson, struct, text } from '../../api/fields.ts'
import { AppError } from '../../base/errors.ts'
import { isRecord } from '../../base/json.ts'
import type { Think } from '../../chat/message.ts'
import type { ChatRequest } from '../../service/service.ts'
import type { Fates } from '../request-fields.ts'
import { fieldError } from './errors.ts'
import { MAX_TOP_LOGPROBS, toolChoice, topLogprobs } from './fields.ts'
import { messages, toMessages } from './messages.ts'
import { unusedInMessages } from './messages-unused.ts'
import { COMMON_FATES, type CommonRequest, commonFields, readNativeThink, toRunFields, toThink } from './run-fields.ts'
import { chooseTools, tools, toTools } from './tools.ts'

export const chatCompletionRequest = struct(
  'ChatCompletionRequest',
  {
    ...commonFields,
    messages,
    max_completion_tokens: integer,
    tools,
    tool_choice: toolChoice,
    parallel_tool_calls: flag,
    reasoning: struct('Reasoning', { effort: text }, { goPackage: 'openai' }),
    reasoning_effort: text,
    logprobs: flag,
    top_logprobs: topLogprobs,
    modalities: list(text, '[]string'),
    chat_template_kwargs: described(rawJson, { type: 'object', description: 'Variables of the chat template.' }),
    enable_thinking: flag,
  },
  { goPackage: 'openai' },
)

export type WireChatRequest = Decoded<(typeof chatCompletionRequest)['fields']>

const NOT_A_CHAT_FIELD = 'belongs to /api/generate and has no place in a chat'

export const CHAT_FATES: Fates = {
  ...COMMON_FATES,
  // A hint to models that were trained with it.
  verbosity: { refusal: 'only "medium" is supported', unless: (value) => value === 'medium' },
  functions: { refusal: 'is the older form of tools; send tools', unless: (value) => Array.isArray(value) && value.length === 0 },
  function_call: { refusal: 'is the older form of tool_choice; send tool_choice', unless: (value) => value === 'auto' || value === 'none' },
  audio: { refusal: 'speech is not made here' },
  web_search_options: { refusal: 'there is no web search here' },
  moderation: { refusal: 'there is no moderation here' },
  thinking: { refusal: 'send reasoning_effort or think' },
  prompt: { refusal: NOT_A_CHAT_FIELD },
  suffix: { refusal: NOT_A_CHAT_FIELD },
  system: { refusal: NOT_A_CHAT_FIELD },
  template: { refusal: NOT_A_CHAT_FIELD },
  context: { refusal: NOT_A_CHAT_FIELD },
  raw: { refusal: NOT_A_CHAT_FIELD, unless: (value) => value === false },
  images: { refusal: 'send images as parts of a message' },
}

/** Throws `invalid_request` with `details.param`. `warnings` gets the names of what could not be used. */
export function toChatRequest(wire: WireChatRequest, warnings: string[]): ChatRequest {
  if (wire.messages === undefined || wire.messages.length === 0) {
    throw fieldError('messages', "[] is too short - 'messages'", 'missing_required_parameter')
  }
  refuseModalities(wire.modalities)
  warnings.push(...unusedInMessages(wire.messages))
  if (!wire.logprobs && wire.top_logprobs) warnings.push('top_logprobs')
  const chosen = chooseTools(toTools(wire.tools ?? []), wire.tool_choice)
  const think = readThink(wire)
  const maxTokens = wire.max_completion_tokens ?? wire.max_tokens
  const common: CommonRequest = { ...wire, ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }) }
  const templateVariables = readTemplateVariables(wire.chat_template_kwargs)
  return {
    ...toRunFields(common, warnings),
    messages: toMessages(wire.messages),
    ...(chosen.tools.length > 0 ? { tools: chosen.tools, toolChoice: chosen.choice } : {}),
    ...(wire.stream && chosen.tools.length > 0 ? { streamsCalls: true } : {}),
    ...(wire.parallel_tool_calls === undefined ? {} : { parallelToolCalls: wire.parallel_tool_calls }),
    ...(think === undefined ? {} : { think }),
    ...(templateVariables ? { templateVariables } : {}),
  }
}

/** Alternatives per token, or undefined for no log-probabilities: a number alone asks for none. Throws `invalid_request`. */
export function readTopLogprobs({ logprobs, top_logprobs: top = 0 }: WireChatRequest): number | undefined {
  if (top < 0 || top > MAX_TOP_LOGPROBS) {
    throw new AppError('invalid_request', `top_logprobs must be between 0 and ${MAX_TOP_LOGPROBS}`, { details: { param: 'top_logprobs' } })
  }
  return logprobs ? top : undefined
}

/** The object wins over the word, even where it is empty; then Ollama's field, then that of chat templates. */
function readThink(wire: WireChatRequest): Think | undefined {
  if (wire.reasoning) return toThink(wire.reasoning.effort, 'reasoning.effort')
  if (wire.reasoning_effort !== undefined) return toThink(wire.reasoning_effort, 'reasoning_effort')
  if (wire.think !== undefined) return readNativeThink(wire.think)
  if (wire.enable_thinking !== undefined) return wire.enable_thinking
  const { enable_thinking: enabled } = readTemplateVariables(wire.chat_template_kwargs) ?? {}
  return typeof enabled === 'boolean' ? enabled : undefined
}

function readTemplateVariables(value: unknown): Record<string, unknown> | undefined {
  if (value === undefined || isRecord(value)) return value
  throw fieldError('chat_template_kwargs', 'chat_template_kwargs must be an object', 'invalid_type')
}

function refuseModalities(modalities: readonly string[] | undefined): void {
  const other = modalities?.find((name) => name !== 'text')
  if (other !== undefined) {
    throw fieldError('modalities', `modalities: ${JSON.stringify(other)} is not made here, only "text"`, 'unsupported_value')
  }
}
