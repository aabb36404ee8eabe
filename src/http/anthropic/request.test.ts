import type Anthropic from '@anthropic-ai/sdk'
import { describe, expect, it } from 'vitest'
import { isAppError } from '../../base/errors.ts'
import { readCountTokensCall, readMessagesCall } from './request.ts'

const question = { model: 'm', max_tokens: 5, messages: [{ role: 'user', content: 'hi' }] }
const tool = { name: 'f', description: 'd', input_schema: { type: 'object', properties: {} } }

const bytes = (value: unknown) => Buffer.from(JSON.stringify(value))
const read = (fields: object = {}) => readMessagesCall(bytes({ ...question, ...fields }))

function refusal(fields: object): string {
  try {
    read(fields)
  } catch (error) {
    if (isAppError(error, 'invalid_request')) return error.message
    throw error
  }
  throw new Error('nothing was refused')
}

/** Those that the newest client has no types for any more are still sent by older ones. */
type OlderFields = 'temperature' | 'top_p' | 'top_k'
type Fields = Exclude<keyof Anthropic.MessageCreateParams | keyof Anthropic.Beta.Messages.MessageCreateParams, 'betas'> | OlderFields

/** Every field that Anthropic's own client knows: a value, and what becomes of it. */
const FIELDS: Record<Fields, [value: unknown, fate: 'used' | 'refused' | 'named']> = {
  model: ['m', 'used'],
  max_tokens: [5, 'used'],
  messages: [question.messages, 'used'],
  system: ['s', 'used'],
  stream: [true, 'used'],
  temperature: [0.5, 'used'],
  top_p: [0.5, 'used'],
  top_k: [5, 'used'],
  stop_sequences: [['x'], 'used'],
  thinking: [{ type: 'enabled', budget_tokens: 1024 }, 'used'],
  tools: [[tool], 'used'],
  tool_choice: [{ type: 'auto' }, 'used'],
  output_config: [{ effort: 'low' }, 'used'],
  output_format: [{ type: 'json_schema', schema: {} }, 'used'],
  cache_control: [{ type: 'ephemeral' }, 'used'],
  metadata: [{ user_id: 'u' }, 'named'],
  service_tier: ['auto', 'named'],
  inference_geo: ['eu', 'named'],
  speed: ['fast', 'named'],
  diagnostics: [{ previous_message_id: 'm' }, 'named'],
  user_profile_id: ['u', 'named'],
  workspace_id: ['w', 'named'],
  billing_policy: [{}, 'named'],
  fallbacks: [[], 'named'],
  fallback_credit_token: ['t', 'named'],
  context_management: [{ edits: [] }, 'named'],
  container: ['c', 'refused'],
  mcp_servers: [[{ type: 'url', url: 'u', name: 'n' }], 'refused'],
  compaction: [{}, 'refused'],
  thread: [{}, 'refused'],
}

describe('every field', () => {
  it.each(Object.entries(FIELDS))('%s is used, refused or named', (name, [value, fate]) => {
    if (fate === 'refused') {
      expect(refusal({ [name]: value })).toMatch(new RegExp(`^${name}: `))
      return
    }
    expect(read({ [name]: value }).warnings).toEqual(fate === 'named' ? [name] : [])
    if (fate === 'used' && !(name in question)) {
      expect({ ...read({ [name]: value }) }).not.toEqual(read())
    }
  })

  it.each<[string, Record<string, unknown>, string]>([
    ['metadata', { metadata: 'x' }, 'string into Go struct field MessagesRequest.metadata of type anthropic.Metadata'],
    ['who asks', { metadata: { user_id: 1 } }, 'number into Go struct field Metadata.metadata.user_id of type string'],
    ['output_config', { output_config: [] }, 'array into Go struct field MessagesRequest.output_config of type anthropic.OutputConfig'],
    ['an effort', { output_config: { effort: 1 } }, 'number into Go struct field OutputConfig.output_config.effort of type string'],
  ])("says in Ollama's words that the type of %s is wrong", (_, fields, words) => {
    expect(refusal(fields)).toBe(`json: cannot unmarshal ${words}`)
  })

  it('that nobody knows is named', () => {
    expect(read({ mystery: 1, nothing: null }).warnings).toEqual(['mystery'])
  })

  it('that is empty asks for nothing', () => {
    expect(read({ mcp_servers: [], tools: [], stop_sequences: [], container: null, thinking: null }).warnings).toEqual([])
  })
})

describe('a request', () => {
  it('becomes a chat; what it does not say stays with the model', () => {
    expect(read().request).toEqual({
      model: 'm',
      messages: [{ role: 'user', content: 'hi' }],
      thinkIsOptional: true,
      continuesLastMessage: true,
      options: { num_predict: 5 },
    })
  })

  it('sets the options of the run', () => {
    const fields = {
      temperature: 0,
      top_p: 0.5,
      top_k: 3,
      stop_sequences: ['a'],
      options: { num_ctx: 64, num_predict: 9 },
      keep_alive: '1m',
    }
    const { request, stopSequences, maxTokens } = read(fields)
    expect(request.options).toEqual({ num_ctx: 64, num_predict: 5, temperature: 0, top_p: 0.5, top_k: 3, stop: ['a'] })
    expect(request.keepAliveNs).toBe(60e9)
    expect({ stopSequences, maxTokens }).toEqual({ stopSequences: ['a'], maxTokens: 5 })
  })

  it('is checked in the order of Ollama', () => {
    const wordsOf = (body: unknown) => {
      try {
        readMessagesCall(bytes(body))
      } catch (error) {
        if (isAppError(error)) return error.message
        throw error
      }
      return undefined
    }
    expect(wordsOf({})).toBe('model is required')
    expect(wordsOf({ model: 'm' })).toBe('max_tokens is required and must be positive')
    expect(wordsOf({ model: 'm', max_tokens: -1 })).toBe('max_tokens is required and must be positive')
    expect(wordsOf({ model: 'm', max_tokens: 1, messages: [] })).toBe('messages is required')
    expect(wordsOf({ ...question, max_tokens: '5' })).toBe(
      'json: cannot unmarshal string into Go struct field MessagesRequest.max_tokens of type int',
    )
    expect(wordsOf({ ...question, messages: [{ role: 'user', content: 5 }] })).toBe(
      'json: cannot unmarshal number into Go struct field MessagesRequest.messages of type []anthropic.ContentBlock',
    )
    expect(wordsOf({ ...question, messages: [5] })).toMatch(/of type struct \{ Role string /)
    expect(wordsOf({ ...question, messages: [{ role: 5 }] })).toMatch(/of type string$/)
    expect(wordsOf({ ...question, tools: [5] })).toMatch(/of type anthropic\.Tool$/)
  })

  it.each<[object, unknown]>([
    [{}, undefined],
    [{ thinking: { type: 'enabled', budget_tokens: 5 } }, true],
    [{ thinking: { type: 'disabled' } }, false],
    [{ thinking: { type: 'adaptive' } }, undefined],
    [{ thinking: { type: 'between_tools' } }, undefined],
    [{ output_config: { effort: 'low' } }, 'low'],
    [{ output_config: { effort: ' XHIGH ' } }, 'high'],
    [{ output_config: { effort: 'max' }, thinking: { type: 'enabled' } }, 'max'],
    [{ output_config: { effort: 'max' }, thinking: { type: 'disabled' } }, false],
    [{ output_config: { effort: null } }, undefined],
    [{ messages: [...question.messages, { role: 'assistant', content: 'It' }] }, false],
  ])('with %j thinks as %j', (fields, think) => {
    expect(read(fields).request.think).toBe(think)
  })

  it('may bound its thinking', () => {
    expect(read({ thinking: { type: 'enabled', budget_tokens: 1024 } }).request.thinkingBudgetTokens).toBe(1024)
    expect(read({ thinking: { type: 'adaptive', budget_tokens: 1024 } }).request).not.toHaveProperty('thinkingBudgetTokens')
    expect(refusal({ thinking: { type: 'enabled', budget_tokens: 0 } })).toBe('thinking.budget_tokens: must be positive')
  })

  it('says which field it cannot follow', () => {
    expect(refusal({ thinking: { type: 'hard' } })).toBe('thinking.type: must be enabled, disabled or adaptive')
    expect(refusal({ output_config: { effort: 'huge' } })).toBe('output_config.effort: must be low, medium, high, xhigh or max')
    expect(refusal({ output_config: { effort: 'constructor' } })).toBe('output_config.effort: must be low, medium, high, xhigh or max')
    expect(refusal({ output_config: { format: { type: 'regex' } } })).toBe('output_config.format.type: must be json_schema')
    expect(refusal({ output_format: { type: 'json_schema' } })).toBe('output_format.schema: must be a JSON Schema object')
    expect(read({ output_config: { task_budget: 5 }, thinking: { type: 'between_tools' } }).warnings).toEqual([
      'output_config.task_budget',
      'thinking.type',
    ])
  })

  it('may ask for a format in the new place and in the old one', () => {
    const format = { type: 'json_schema', schema: { type: 'object' } }
    const expected = { type: 'schema', schema: { type: 'object' } }
    expect(read({ output_config: { format } }).request.format).toEqual(expected)
    expect(read({ output_format: format }).request.format).toEqual(expected)
  })
})

describe('tools', () => {
  const toolsOf = (...tools: object[]) => read({ tools }).request.tools?.map((one) => one.function)

  it('keep their schema whole, and boolean and empty schemas too', () => {
    const schema = { type: ['object', 'null'], oneOf: [true], $defs: { x: {} } }
    expect(toolsOf({ ...tool, input_schema: schema }, { name: 'g' })).toEqual([
      { name: 'f', description: 'd', parameters: schema },
      { name: 'g' },
    ])
  })

  it.each(['bash_20250124', 'text_editor_20250728', 'memory_20250818'])('of type %s bring a schema', (type) => {
    const [called] = toolsOf({ type, name: 'mine' }) ?? []
    expect(called).toMatchObject({ name: 'mine', description: expect.any(String), parameters: { type: 'object' } })
  })

  it('that nobody here can run are refused', () => {
    expect(refusal({ tools: [{ type: 'web_search_20250305', name: 'web_search' }] })).toBe(
      'tools.0.type: tools of type "web_search_20250305" are not supported',
    )
  })

  it('that are malformed are refused', () => {
    expect(refusal({ tools: [{}] })).toBe('tools.0.name: a tool needs a name')
    expect(refusal({ tools: [{ name: 'f', description: 5 }] })).toBe('tools.0.description: must be a string')
    expect(refusal({ tools: [{ name: 'f', input_schema: [] }] })).toMatch(/^tools\.0\.input_schema: invalid input_schema for tool "f"/)
  })

  it('name what changes nothing', () => {
    const fields = { strict: true, defer_loading: false, input_examples: [{}], allowed_callers: ['direct'], eager_input_streaming: null }
    expect(
      read({
        tools: [
          { ...tool, ...fields },
          { ...tool, strict: true },
        ],
      }).warnings,
    ).toEqual(['tools.strict', 'tools.defer_loading', 'tools.input_examples', 'tools.allowed_callers'])
  })

  it.each<[object, object]>([
    [{ type: 'auto' }, { toolChoice: 'auto' }],
    [
      { type: 'auto', disable_parallel_tool_use: true },
      { toolChoice: 'auto', parallelToolCalls: false },
    ],
    [{ type: 'any' }, { toolChoice: 'required' }],
    [{ type: 'tool', name: 'f' }, { toolChoice: { name: 'f' } }],
    [
      { type: 'tool', name: 'f', disable_parallel_tool_use: true },
      { toolChoice: { name: 'f' }, parallelToolCalls: false },
    ],
    [{ type: 'none' }, { toolChoice: 'none' }],
  ])('are chosen by %j', (choice, expected) => {
    expect(read({ tools: [tool], tool_choice: choice }).request).toMatchObject(expected)
  })

  it('cannot be chosen where they are not', () => {
    expect(refusal({ tool_choice: { type: 'any' } })).toBe('tool_choice: may only be set to any while providing tools')
    expect(refusal({ tools: [tool], tool_choice: { type: 'tool', name: 'g' } })).toBe('tool_choice.name: there is no tool "g"')
    expect(refusal({ tools: [tool], tool_choice: { type: 'tool' } })).toBe('tool_choice.name: the name of a tool is required')
    expect(refusal({ tools: [tool], tool_choice: { type: 'all' } })).toBe('tool_choice.type: must be auto, any, tool or none')
    expect(refusal({ tools: [tool], tool_choice: 'auto' })).toBe(
      'json: cannot unmarshal string into Go struct field MessagesRequest.tool_choice of type anthropic.ToolChoice',
    )
  })
})

describe('a request to count tokens', () => {
  it('is the same prompt without the fields of a run', () => {
    const { request, warnings } = readCountTokensCall(bytes({ ...question, system: 's', tools: [tool], temperature: 1 }))
    const { options: _, ...expected } = read({ system: 's', tools: [tool] }).request
    expect(request).toEqual(expected)
    expect(warnings).toEqual(['max_tokens', 'temperature'])
  })
})
