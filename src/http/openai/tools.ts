// Tools, the choice between them, and calls, in OpenAI's shapes. A tool's JSON Schema is kept whole and unread: templates and grammars take it as
// the client wrote it.

import { type Field, list, struct, text, wrongType } from '../../api/fields.ts'
import { isRecord } from '../../base/json.ts'
import type { Tool, ToolCall } from '../../chat/message.ts'
import type { ToolChoice } from '../../service/service.ts'
import { fieldError, unsupported } from './errors.ts'
import { wholeObject } from './fields.ts'

export interface ToolCallBody {
  id?: string
  index: number
  type: 'function'
  /** `arguments` is JSON text. */
  function: { name: string; arguments: string }
}

/** More of the arguments' text. */
export interface ToolCallPiece {
  index: number
  function: { arguments: string }
}

const parameters: Field<unknown> = {
  zero: {},
  schema: { type: 'object' },
  decode(value, place) {
    if (!isRecord(value)) throw wrongType(value, place, 'api.ToolFunctionParameters')
    return value
  },
}

/** What Ollama reads of a tool, for its words about wrong types; of the schema it reads more, and refuses what is right. */
const checkedTool = struct('Tool', { type: text, function: struct('ToolFunction', { name: text, description: text, parameters }) })

const tool = wholeObject(checkedTool, {
  type: 'object',
  properties: {
    type: { enum: ['function', null] },
    function: {
      type: 'object',
      properties: {
        name: { type: 'string' },
        description: { type: ['string', 'null'] },
        parameters: { type: ['object', 'null'] },
        strict: { type: ['boolean', 'null'] },
      },
      required: ['name'],
    },
  },
  required: ['function'],
})

export const tools = list(tool, '[]api.Tool')

export interface ChosenTools {
  tools: Tool[]
  choice: ToolChoice
}

/** Throws `invalid_request` with `details.param`. `functionKey` is where the function stands in a tool: the Responses API has it flat. */
export function toTools(wire: readonly Record<string, unknown>[], functionKey = '.function'): Tool[] {
  return wire.map((one, index) => toTool(one, `tools[${index}]`, functionKey))
}

/** `tool_choice` with the tools that it leaves. Throws `invalid_request` for a choice that the tools cannot fulfil. */
export function chooseTools(all: Tool[], choice: unknown): ChosenTools {
  if (choice === undefined || choice === 'auto') return { tools: all, choice: 'auto' }
  if (choice === 'none') return { tools: all, choice }
  if (all.length === 0) throw fieldError('tool_choice', "'tool_choice' is only allowed when 'tools' are specified")
  if (choice === 'required') return { tools: all, choice }
  if (isRecord(choice) && choice.type === 'function') return { tools: all, choice: { name: nameIn(all, choice, 'tool_choice') } }
  if (isRecord(choice) && choice.type === 'allowed_tools') return chooseAllowed(all, choice)
  throw fieldError('tool_choice', `invalid tool_choice: ${JSON.stringify(choice)} (must be "none", "auto", "required" or a function)`)
}

/** With arguments that are to come, in pieces. */
export function beginToolCallBody({ id, index, name }: { id: string; index: number; name: string }): ToolCallBody {
  return { id, index, type: 'function', function: { name, arguments: '' } }
}

export function toToolCallBody({ id, function: { index, name, arguments: values } }: ToolCall): ToolCallBody {
  return { ...(id ? { id } : {}), index, type: 'function', function: { name, arguments: JSON.stringify(values) } }
}

function toTool(one: Record<string, unknown>, param: string, functionKey: string): Tool {
  const type = one.type ?? 'function'
  if (type !== 'function')
    throw unsupported(`${param}.type`, `tools of type ${JSON.stringify(type)} are not supported`, 'unsupported_value')
  const called = one.function
  const inner = `${param}${functionKey}`
  if (!isRecord(called)) throw fieldError(inner, 'a tool needs a function', 'missing_required_parameter')
  const { name, description, parameters } = called
  if (typeof name !== 'string' || name === '') {
    throw fieldError(`${inner}.name`, 'a function needs a name', 'missing_required_parameter')
  }
  if (description !== undefined && description !== null && typeof description !== 'string') {
    throw fieldError(`${inner}.description`, 'the description of a function must be a string', 'invalid_type')
  }
  if (parameters !== undefined && parameters !== null && !isRecord(parameters)) {
    throw fieldError(`${inner}.parameters`, 'the parameters of a function must be a JSON Schema object', 'invalid_type')
  }
  const { description: _description, parameters: _parameters, ...others } = called
  return {
    ...one,
    type,
    function: {
      ...others,
      name,
      ...(typeof description === 'string' ? { description } : {}),
      ...(isRecord(parameters) ? { parameters } : {}),
    },
  }
}

function chooseAllowed(all: Tool[], choice: Record<string, unknown>): ChosenTools {
  const given = isRecord(choice.allowed_tools) ? choice.allowed_tools : choice
  if (!Array.isArray(given.tools)) throw fieldError('tool_choice.allowed_tools.tools', 'allowed_tools needs a list of tools')
  if (given.mode !== 'auto' && given.mode !== 'required') {
    throw fieldError('tool_choice.allowed_tools.mode', 'the mode of allowed_tools must be "auto" or "required"')
  }
  const names = new Set(given.tools.map((one, index) => nameIn(all, isRecord(one) ? one : {}, `tool_choice.allowed_tools.tools[${index}]`)))
  return { tools: all.filter((one) => names.has(one.function.name)), choice: given.mode }
}

/** The name that a choice means, in the shape of chat (`function.name`) or of responses (`name`). */
function nameIn(all: readonly Tool[], choice: Record<string, unknown>, param: string): string {
  const name = isRecord(choice.function) ? choice.function.name : choice.name
  if (typeof name !== 'string' || name === '')
    throw fieldError(param, `${param} needs the name of a function`, 'missing_required_parameter')
  if (all.some((one) => one.function.name === name)) return name
  throw fieldError(param, `${param}: there is no function ${JSON.stringify(name)} among the tools`)
}
