// What Anthropic's dialect answers, and from which tables it takes its fields.

import type { DialectDocument, Operations } from '../operation.ts'
import { anyObject, either, list, looseObject, nothing, object, oneOf, optional, orNull, text, whole } from '../schema.ts'
import { DROPPED_SHAPE, TRUNCATED_DOCUMENT } from '../truncated.ts'
import type { ContentBlock, Delta } from './content.ts'
import { CODES, type ErrorBody } from './errors.ts'
import { countTokensRequest, FATES, messagesRequest } from './request.ts'

type Block<Type> = Extract<ContentBlock, { type: Type }>
type DeltaOf<Type> = Extract<Delta, { type: Type }>

const block = either(
  object<Block<'text'>>('anthropic.TextBlock', { type: oneOf('text'), text, citations: nothing }),
  object<Block<'thinking'>>('anthropic.ThinkingBlock', { type: oneOf('thinking'), thinking: text, signature: text }),
  object<Block<'tool_use'>>('anthropic.ToolUseBlock', {
    type: oneOf('tool_use'),
    id: text,
    name: text,
    input: anyObject,
    caller: looseObject(undefined, { type: oneOf('direct') }),
  }),
)
const delta = either(
  object<DeltaOf<'text_delta'>>('anthropic.TextDelta', { type: oneOf('text_delta'), text }),
  object<DeltaOf<'thinking_delta'>>('anthropic.ThinkingDelta', { type: oneOf('thinking_delta'), thinking: text }),
  object<DeltaOf<'signature_delta'>>('anthropic.SignatureDelta', { type: oneOf('signature_delta'), signature: text }),
  object<DeltaOf<'input_json_delta'>>('anthropic.InputJsonDelta', { type: oneOf('input_json_delta'), partial_json: text }),
)

const stopReason = orNull(oneOf('end_turn', 'max_tokens', 'stop_sequence', 'tool_use', 'model_context_window_exceeded'))
const ending = { stop_reason: stopReason, stop_sequence: orNull(text), stop_details: nothing, container: nothing }
const usage = looseObject('anthropic.Usage', {
  input_tokens: whole,
  cache_creation_input_tokens: whole,
  cache_read_input_tokens: whole,
  output_tokens: whole,
  output_tokens_details: orNull(looseObject(undefined, { thinking_tokens: whole })),
  cache_creation: nothing,
  inference_geo: nothing,
  server_tool_use: nothing,
  service_tier: nothing,
  speed: nothing,
  ...DROPPED_SHAPE,
})
const message = looseObject('anthropic.MessageReply', {
  id: text,
  type: oneOf('message'),
  role: oneOf('assistant'),
  model: text,
  content: list(block),
  usage,
  diagnostics: nothing,
  ...ending,
})

const error = object<ErrorBody>('anthropic.Error', {
  type: oneOf('error'),
  error: object<ErrorBody['error']>(undefined, { type: text, message: text }),
  request_id: text,
})

const event = either(
  looseObject('anthropic.MessageStart', { type: oneOf('message_start'), message }),
  looseObject('anthropic.BlockStart', { type: oneOf('content_block_start'), index: whole, content_block: block }),
  looseObject('anthropic.BlockDelta', { type: oneOf('content_block_delta'), index: whole, delta }),
  looseObject('anthropic.BlockStop', { type: oneOf('content_block_stop'), index: whole }),
  looseObject('anthropic.MessageDelta', {
    type: oneOf('message_delta'),
    delta: looseObject('anthropic.Ending', ending),
    usage: optional(usage),
  }),
  looseObject('anthropic.MessageStop', { type: oneOf('message_stop') }),
  looseObject('anthropic.Ping', { type: oneOf('ping') }),
  error,
)

const REQUEST_ID = { 'request-id': 'The id of the request.' }

const OPERATIONS: Operations = {
  'POST /v1/messages': {
    summary: 'Goes on with a conversation',
    takes: { struct: messagesRequest, required: ['model', 'messages', 'max_tokens'], fates: FATES },
    gives: {
      200: {
        about: 'The whole message, or with `stream` its events.',
        json: message,
        sse: event,
        headers: { ...REQUEST_ID, ...TRUNCATED_DOCUMENT },
      },
    },
  },
  'POST /v1/messages/count_tokens': {
    summary: 'Counts the tokens of a prompt',
    takes: { struct: countTokensRequest, required: ['model', 'messages'], fates: FATES },
    gives: { 200: { about: 'Exact.', json: looseObject('anthropic.TokenCount', { input_tokens: whole }), headers: REQUEST_ID } },
  },
}

export const ANTHROPIC_DOCUMENT: DialectDocument = {
  tag: 'anthropic',
  about: "Anthropic's API of messages.",
  operations: OPERATIONS,
  error,
  statuses: Object.fromEntries(Object.entries(CODES).map(([code, { status }]) => [code, status])),
}
