// `POST /v1/responses`: the fields of a request, and what becomes of each.

import { type Decoded, type Field, flag, integer, list, rawJson, record, struct, text, textMap } from '../../api/fields.ts'
import { quoteGo } from '../../base/go-text.ts'
import { isRecord } from '../../base/json.ts'
import type { Message, Tool } from '../../chat/message.ts'
import type { ChatRequest, OutputFormat } from '../../service/service.ts'
import type { Fates } from '../request-fields.ts'
import { fieldError, unsupported } from './errors.ts'
import { MAX_TOP_LOGPROBS, textOrObjects, toolChoice, topLogprobs, wholeObject } from './fields.ts'
import { toInputMessages } from './responses-input.ts'
import { commonFields, toOutputFormat, toRunFields, toThink } from './run-fields.ts'
import { chooseTools, toTools } from './tools.ts'

const { model, stream, temperature, top_p, options, keep_alive, service_tier } = commonFields

const checkedMember: Field<unknown> = { zero: {}, schema: {}, decode: (value, place) => checkedTool.decode(value, place) }
const checkedTool: Field<unknown> = struct(
  'ResponsesTool',
  {
    type: text,
    name: text,
    description: text,
    strict: flag,
    parameters: record,
    tools: list(checkedMember, '[]openai.ResponsesTool'),
  },
  { goPackage: 'openai' },
)
const checkedFormat = struct('ResponsesTextFormat', { type: text, name: text, schema: rawJson, strict: flag }, { goPackage: 'openai' })

export const responsesRequest = struct(
  'ResponsesRequest',
  {
    model,
    stream,
    temperature,
    top_p,
    options,
    keep_alive,
    service_tier,
    input: textOrObjects,
    instructions: text,
    max_output_tokens: integer,
    metadata: textMap,
    tools: list(wholeObject(checkedTool, record.schema), '[]openai.ResponsesTool'),
    background: flag,
    tool_choice: toolChoice,
    parallel_tool_calls: flag,
    previous_response_id: text,
    reasoning: struct('ResponsesReasoning', { effort: text, summary: text, generate_summary: text }, { goPackage: 'openai' }),
    text: struct('ResponsesText', { format: wholeObject(checkedFormat, record.schema), verbosity: text }, { goPackage: 'openai' }),
    truncation: text,
    store: flag,
    include: list(text, '[]string'),
    top_logprobs: topLogprobs,
  },
  { goPackage: 'openai' },
)

export type WireResponsesRequest = Decoded<(typeof responsesRequest)['fields']>

export const RESPONSES_FATES: Fates = {
  user: 'unused',
  safety_identifier: 'unused',
  prompt_cache_key: 'unused',
  prompt_cache_retention: 'unused',
  prompt_cache_options: 'unused',
  stream_options: 'unused',
  // A bound for tools that run on OpenAI's servers.
  max_tool_calls: 'unused',
  context_management: 'unused',
  background: { refusal: 'there is no background: stream the response', unless: (value) => value === false },
  conversation: { refusal: 'there are no conversations here: send previous_response_id or all items' },
  prompt: { refusal: 'there are no stored prompts here: send instructions and input' },
  moderation: { refusal: 'there is no moderation here' },
}

const LOGPROBS = 'message.output_text.logprobs'
/** Reasoning is given whole in any case, and nothing else that can be included exists here. */
const INCLUDES = [
  LOGPROBS,
  'reasoning.encrypted_content',
  'file_search_call.results',
  'web_search_call.results',
  'web_search_call.action.sources',
  'message.input_image.image_url',
  'computer_call_output.output.image_url',
  'code_interpreter_call.outputs',
]

/** `earlier` is the conversation of `previous_response_id`. Throws `invalid_request`. `warnings` gets what could not be used. */
export function toChatRequest(wire: WireResponsesRequest, earlier: readonly Message[], warnings: string[]): ChatRequest {
  const system: Message[] = wire.instructions ? [{ role: 'system', content: wire.instructions }] : []
  const messages = [...system, ...toInputMessages(wire.input, earlier, warnings)]
  const chosen = chooseTools(readTools(wire.tools ?? []), wire.tool_choice)
  const think = toThink(wire.reasoning?.effort, 'reasoning.effort')
  const format = readFormat(wire.text)
  const topLogprobs = readTopLogprobs(wire)
  const truncate = readTruncation(wire.truncation)
  return {
    ...toRunFields({ ...wire, ...(wire.max_output_tokens === undefined ? {} : { max_tokens: wire.max_output_tokens }) }, warnings),
    messages,
    ...(chosen.tools.length > 0 ? { tools: chosen.tools, toolChoice: chosen.choice } : {}),
    ...(wire.stream && chosen.tools.length > 0 ? { streamsCalls: true } : {}),
    ...(wire.parallel_tool_calls === undefined ? {} : { parallelToolCalls: wire.parallel_tool_calls }),
    ...(think === undefined ? {} : { think }),
    ...(format ? { format } : {}),
    ...(topLogprobs === undefined ? {} : { topLogprobs }),
    ...(truncate === undefined ? {} : { truncate }),
  }
}

/** Flat functions, and namespaces of them: `<namespace>.<name>`. */
function readTools(wire: readonly Record<string, unknown>[]): Tool[] {
  const flat = wire.flatMap((one, index) => {
    if (one.type !== 'namespace') return [one]
    if (typeof one.name !== 'string' || !Array.isArray(one.tools)) {
      throw fieldError(`tools[${index}]`, 'a namespace needs a name and tools', 'missing_required_parameter')
    }
    return one.tools.filter(isRecord).map((member) => ({ ...member, name: `${one.name}.${member.name}` }))
  })
  return toTools(
    flat.map(({ type, ...called }) => ({ ...(type === undefined ? {} : { type }), function: called })),
    '',
  )
}

function readFormat(wanted: WireResponsesRequest['text'] = {}): OutputFormat | undefined {
  const { format = {}, verbosity } = wanted
  if (verbosity !== undefined && verbosity !== 'medium') throw unsupported('text.verbosity', 'text.verbosity: only "medium" is supported')
  switch (format.type) {
    case undefined:
    case 'text':
      return undefined
    case 'json_object':
      return { type: 'json' }
    case 'json_schema':
      if (format.schema !== undefined) return toOutputFormat(format.schema, 'text.format.schema')
      throw fieldError('text.format.schema', 'text.format needs a schema', 'missing_required_parameter')
  }
  throw fieldError(
    'text.format.type',
    `invalid text.format: ${JSON.stringify(format.type)} (must be "text", "json_object", or "json_schema")`,
  )
}

function readTopLogprobs({ include = [], top_logprobs: top = 0 }: WireResponsesRequest): number | undefined {
  const unknown = include.find((name) => !INCLUDES.includes(name))
  if (unknown !== undefined) throw unsupported('include', `include: ${quoteGo(unknown)} is not known`, 'unsupported_value')
  if (top < 0 || top > MAX_TOP_LOGPROBS) throw fieldError('top_logprobs', `top_logprobs must be between 0 and ${MAX_TOP_LOGPROBS}`)
  return include.includes(LOGPROBS) || top > 0 ? top : undefined
}

/** wire: Ollama cuts what is too long unless it is told otherwise, and calls that "disabled". */
function readTruncation(truncation: string | undefined): boolean | undefined {
  if (truncation === undefined || truncation === '') return undefined
  if (truncation === 'auto') return true
  if (truncation === 'disabled') return false
  throw fieldError('truncation', 'truncation must be "auto" or "disabled"')
}
