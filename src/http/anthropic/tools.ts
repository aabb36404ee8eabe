// Tools and the choice between them, in Anthropic's shapes. Input schemas are kept whole. Tools that Anthropic's own servers run cannot run here
// and are refused; those that the client runs, and whose schemas Anthropic publishes, are offered to the model like any other.

import { type Decoded, type Field, flag, list, struct, text, wrongType } from '../../api/fields.ts'
import { isRecord } from '../../base/json.ts'
import type { Tool } from '../../chat/message.ts'
import type { ToolChoice } from '../../service/service.ts'
import { BASH_TOOL, MEMORY_TOOL, TEXT_EDITOR_TOOL } from './client-tools.ts'
import { fieldError } from './errors.ts'
import type { Notes } from './notes.ts'

const tool: Field<Record<string, unknown>> = {
  zero: {},
  schema: {
    type: 'object',
    properties: {
      type: { type: 'string' },
      name: { type: 'string' },
      description: { type: 'string' },
      input_schema: { type: 'object' },
    },
    required: ['name'],
  },
  decode(value, place) {
    if (!isRecord(value)) throw wrongType(value, place, 'anthropic.Tool')
    return value
  },
}

export const tools = list(tool, '[]anthropic.Tool')

/** What a tool may say beside its function. */
const TOOL_FIELDS = ['type', 'name', 'description', 'input_schema', 'cache_control'] as const

const CLIENT_TOOLS: readonly (readonly [type: RegExp, tool: Tool['function']])[] = [
  [/^bash_\d+$/, BASH_TOOL],
  [/^text_editor_\d+$/, TEXT_EDITOR_TOOL],
  [/^memory_\d+$/, MEMORY_TOOL],
]

/** Throws `invalid_request`. */
export function toTools(wire: readonly Record<string, unknown>[], notes: Notes): Tool[] {
  return wire.map((one, index) => {
    notes.unused('tools', one, TOOL_FIELDS)
    return { type: 'function', function: toFunction(one, `tools.${index}`) }
  })
}

export interface ChosenTools {
  toolChoice?: ToolChoice
  parallelToolCalls?: boolean
}

export const toolChoice = struct('ToolChoice', { type: text, name: text, disable_parallel_tool_use: flag }, { goPackage: 'anthropic' })

/** Throws `invalid_request` for a choice that the tools cannot fulfil. */
export function toToolChoice(choice: Decoded<typeof toolChoice.fields> | undefined, all: readonly Tool[]): ChosenTools {
  if (choice === undefined) return {}
  const parallel = choice.disable_parallel_tool_use === true ? { parallelToolCalls: false } : {}
  switch (choice.type) {
    case 'auto':
      return { toolChoice: 'auto', ...parallel }
    case 'none':
      return { toolChoice: 'none' }
    case 'any':
      if (all.length === 0) throw fieldError('tool_choice', 'may only be set to any while providing tools')
      return { toolChoice: 'required', ...parallel }
    case 'tool':
      return { toolChoice: { name: nameIn(all, choice.name) }, ...parallel }
  }
  throw fieldError('tool_choice.type', 'must be auto, any, tool or none')
}

function toFunction(one: Record<string, unknown>, place: string): Tool['function'] {
  const { type, name, description, input_schema: schema } = one
  if (typeof type === 'string' && type !== 'custom' && type !== '') return toClientTool(type, name, place)
  if (typeof name !== 'string' || name === '') throw fieldError(`${place}.name`, 'a tool needs a name')
  if (description !== undefined && description !== null && typeof description !== 'string') {
    throw fieldError(`${place}.description`, 'must be a string')
  }
  if (schema !== undefined && schema !== null && !isRecord(schema)) {
    throw fieldError(`${place}.input_schema`, `invalid input_schema for tool ${JSON.stringify(name)}: must be a JSON Schema object`)
  }
  return { name, ...(description ? { description } : {}), ...(isRecord(schema) ? { parameters: schema } : {}) }
}

function toClientTool(type: string, name: unknown, place: string): Tool['function'] {
  const known = CLIENT_TOOLS.find(([pattern]) => pattern.test(type))?.[1]
  if (!known) throw fieldError(`${place}.type`, `tools of type ${JSON.stringify(type)} are not supported`)
  return { ...known, ...(typeof name === 'string' && name !== '' ? { name } : {}) }
}

function nameIn(all: readonly Tool[], name: unknown): string {
  if (typeof name !== 'string' || name === '') throw fieldError('tool_choice.name', 'the name of a tool is required')
  if (all.some((one) => one.function.name === name)) return name
  throw fieldError('tool_choice.name', `there is no tool ${JSON.stringify(name)}`)
}
