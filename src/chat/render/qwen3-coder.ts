// Qwen 3 Coder: ChatML with tools declared as XML, and calls as <tool_call><function=…>.

import type { Message, Tool } from '../message.ts'
import type { RenderInput } from '../prompt-template.ts'
import { isLast, parametersOf, textOf, toArgumentText, toSpacedJson, typesOf } from './prompt-values.ts'
import type { Renderer } from './renderer.ts'

const DEFAULT_SYSTEM = 'You are Qwen, a helpful AI assistant that can interact with a computer to solve tasks.'

/** How to call, which Qwen 3.5 and Nemotron 3 say in the same words. */
export const XML_CALL_RULES = `If you choose to call a function ONLY reply in the following format with NO suffix:

<tool_call>
<function=example_function_name>
<parameter=example_parameter_1>
value_1
</parameter>
<parameter=example_parameter_2>
This is the value for the second parameter
that can span
multiple lines
</parameter>
</function>
</tool_call>

<IMPORTANT>
Reminder:
- Function calls MUST follow the specified format: an inner <function=...></function> block must be nested within <tool_call></tool_call> XML tags
- Required parameters MUST be specified
- You may provide optional reasoning for your function call in natural language BEFORE the function call, but NOT after
- If there is no function call available, answer the question like normal with your current knowledge and do not tell the user about function calls
</IMPORTANT>`

export const qwen3Coder: Renderer = { render }

function render({ messages, tools = [] }: RenderInput): string {
  const system = messages.find((message) => message.role === 'system' && message.content !== '')?.content ?? ''
  const turns = messages.filter((message) => message.role !== 'system')
  const parts: string[] = []
  if (system !== '' || tools.length > 0) parts.push(`<|im_start|>system\n${system || DEFAULT_SYSTEM}${renderTools(tools)}<|im_end|>\n`)
  for (const [index, message] of turns.entries()) parts.push(renderTurn(message, index, turns))
  if (turns.length > 0 && turns.at(-1)?.role !== 'assistant') parts.push('<|im_start|>assistant\n')
  return parts.join('')
}

function renderTools(tools: readonly Tool[]): string {
  if (tools.length === 0) return ''
  const declarations = tools.map(renderTool).join('')
  return `\n\n# Tools\n\nYou have access to the following functions:\n\n<tools>${declarations}\n</tools>\n\n${XML_CALL_RULES}`
}

function renderTool(tool: Tool): string {
  const { properties, shape } = parametersOf(tool)
  const { name, description } = tool.function
  const about = description ? `\n<description>${description}</description>` : ''
  const parameters = properties.map(([parameter, property]) => {
    const types = typesOf(property)
    const type = types.length === 0 ? '' : `\n<type>${types.length === 1 ? types[0] : toSpacedJson(types)}</type>`
    const text = textOf(property.description)
    const described = text === '' ? '' : `\n<description>${text}</description>`
    return `\n<parameter>\n<name>${parameter}</name>${type}${described}${renderOtherKeys(property, ['type', 'description'])}\n</parameter>`
  })
  const others = renderOtherKeys(shape, ['type', 'properties'])
  return `\n<function>\n<name>${name}</name>${about}\n<parameters>${parameters.join('')}${others}\n</parameters>\n</function>`
}

function renderOtherKeys(record: Readonly<Record<string, unknown>>, shown: readonly string[]): string {
  const others = Object.entries(record).filter(([key, value]) => !shown.includes(key) && value !== null && value !== undefined)
  return others.map(([key, value]) => `\n<${key}>${toArgumentText(value)}</${key}>`).join('')
}

function renderTurn(message: Message, index: number, turns: readonly Message[]): string {
  const { role, content } = message
  // Its template ends the last answer with a line break, which those of later models leave out.
  if (role === 'tool') return renderToolResponse(content, index, turns).replace(/<\|im_end\|>\n$/, '\n<|im_end|>\n')
  if (role !== 'assistant') return `<|im_start|>${role}\n${content}<|im_end|>\n`
  const calls = message.toolCalls ?? []
  if (calls.length === 0) return `<|im_start|>assistant\n${content}${isLast(turns, index) ? '' : '<|im_end|>\n'}`
  const rendered = calls.map(
    ({ function: call }) => `\n<tool_call>\n<function=${call.name}>${renderArguments(call.arguments)}\n</function>\n</tool_call>`,
  )
  return `<|im_start|>assistant${content.trim() === '' ? '' : `\n${content.trim()}\n`}${rendered.join('')}<|im_end|>\n`
}

function renderArguments(args: Readonly<Record<string, unknown>>): string {
  return Object.entries(args)
    .map(([name, value]) => `\n<parameter=${name}>\n${toArgumentText(value)}\n</parameter>`)
    .join('')
}

/** Answers of tools that follow one another stand in one turn of the user. */
export function renderToolResponse(content: string, index: number, turns: readonly Message[]): string {
  const opens = turns[index - 1]?.role !== 'tool'
  const closes = turns[index + 1]?.role !== 'tool'
  return `${opens ? '<|im_start|>user' : ''}\n<tool_response>\n${content}\n</tool_response>${closes ? '<|im_end|>\n' : ''}`
}
