// Muse Glimmer: messages between <|start|>ROLE to=RECIPIENT<|message|> and <|eot|>. Thinking goes to `self`, the answer to `user`, a call to the
// tool of that name, in XML of its own. How hard to think stands in the system message, unless its author said so himself.

import type { Message, Tool, ToolCall } from '../message.ts'
import type { RenderInput } from '../prompt-template.ts'
import { parametersOf, toSpacedJson } from './prompt-values.ts'
import type { Renderer, RendererContext } from './renderer.ts'
import { formatTime } from './strftime.ts'

const BOS = '<|begin_of_text|>'
const KNOWLEDGE_CUTOFF = '2026-01-04'

const TOOLS_BEFORE = `In this environment you have access to a set of tools you can use to answer the user's question.

You can invoke a function by writing a "<atem:function_calls>" block like the following:
<atem:function_calls>
<atem:invoke name="$FUNCTION_NAME">
<atem:parameter name="$PARAMETER_NAME">$PARAMETER_VALUE</atem:parameter>
...
</atem:invoke>
</atem:function_calls>

String and scalar parameters should be specified as is, while lists and objects should use JSON format. Note that spaces for string values are not stripped. The output is not expected to be valid XML and is parsed with regular expressions.
Here are the functions available in JSONSchema format:
// Tool metadata
`

const TOOLS_BEHIND = `

Here's an example of how to call a function in the tool set:
(If the tool namespace is not specified, invoke the function directly as \`example_function_name\` rather than \`example_tool_name.example_function_name\`)

to=example_tool_name.example_function_name

<atem:function_calls>
<atem:invoke name="example_tool_name.example_function_name">
<atem:parameter name="example_parameter_1">value_1</atem:parameter>
<atem:parameter name="example_parameter_2">This is the value for the second parameter
that can span
"multiple" lines
</atem:parameter>
</atem:invoke>
</atem:function_calls>`

export const glimmer: Renderer = { leadingBos: BOS, render }

function render({ messages, tools = [], think }: RenderInput, { nowMs }: RendererContext): string {
  const strength = think === false ? 'none' : typeof think === 'string' ? think : 'high'
  const parts = [BOS]
  if (!messages.some(({ role }) => role === 'system')) {
    const dates = `Knowledge cutoff: ${KNOWLEDGE_CUTOFF}.\nCurrent date: ${formatTime(nowMs(), '%Y-%m-%d')}.`
    parts.push(renderSystem(`You are a helpful AI assistant.\n${dates}`, tools, strength))
  }
  for (const [index, message] of messages.entries()) {
    const { content } = message
    if (message.role === 'system') parts.push(renderSystem(withStrength(content), tools, strength))
    else if (message.role === 'user') parts.push(`<|start|>user<|message|>${content}<|eot|>`)
    else if (message.role === 'tool') parts.push(renderResult(content, nameOfResult(message, messages)))
    else if (message.role === 'assistant') {
      const end = messages[index + 1]?.role === 'assistant' ? '<|eom|>' : '<|eot|>'
      parts.push(renderAnswer(message, end))
    }
  }
  return `${parts.join('')}<|start|>assistant`
}

function renderSystem(text: string, tools: readonly Tool[], strength: string): string {
  const effort = text.toLowerCase().includes('reasoning strength') ? '' : `\n\nReasoning strength: ${strength}.`
  const recipients = ['self', ...namespacesOf(tools).map((name) => `${name}.*`), 'user'].map((name) => `"${name}"`).join(', ')
  const declared = tools.length === 0 ? '' : `\n\n${declareTools(tools)}`
  return `<|start|>system<|message|>${text}${effort}${declared}\n\n# Valid recipients: ${recipients}.<|eot|>`
}

/** What other models call effort. */
function withStrength(text: string): string {
  return text
    .replaceAll('Reasoning effort', 'Reasoning strength')
    .replaceAll('Reasoning Effort', 'Reasoning Strength')
    .replaceAll('reasoning effort', 'reasoning strength')
    .replaceAll('REASONING EFFORT', 'REASONING STRENGTH')
}

function namespacesOf(tools: readonly Tool[]): string[] {
  return [...new Set(tools.map((tool) => tool.function.name.split('.')[0] ?? ''))]
}

function declareTools(tools: readonly Tool[]): string {
  const metadata = namespacesOf(tools).map((name) => `{"name": ${JSON.stringify(name)}, "description": ""}\n`)
  const schemas = tools.map((tool) => {
    const { name, description = '' } = tool.function
    return `\n${toSpacedJson({ name, description, parameters: parametersOf(tool).shape })}`
  })
  return `${TOOLS_BEFORE}${metadata.join('')}// Function schemas${schemas.join('')}${TOOLS_BEHIND}`
}

function renderAnswer({ content, thinking = '', toolCalls = [] }: Message, end: string): string {
  const thought = thinking === '' ? '' : `<|start|>assistant to=self<|message|>${thinking}<|eom|>`
  if (toolCalls.length > 0) {
    const calls = toolCalls.map((call, index) => `${renderCall(call)}${index === toolCalls.length - 1 ? end : '<|eom|>'}`)
    return thought + calls.join('')
  }
  // A thought alone is one that the model shall go on with.
  return content === '' && thinking !== '' ? thought : `${thought}<|start|>assistant to=user<|message|>${content}<|eot|>`
}

function renderCall({ function: call }: ToolCall): string {
  const parameters = Object.entries(call.arguments).map(([name, value]) => {
    return `<atem:parameter name="${name}">${typeof value === 'string' ? value : toSpacedJson(value)}</atem:parameter>\n`
  })
  return `<|start|>assistant to=${call.name}<|message|><atem:function_calls>\n<atem:invoke name="${call.name}">\n${parameters.join('')}</atem:invoke>\n</atem:function_calls>`
}

function renderResult(content: string, name: string): string {
  return `<|start|>tool ${name}<|message|><tool_output name="${name}">\n${content}\n</tool_output><|eot|>`
}

/** Of the call that it answers, where it does not say so. */
function nameOfResult({ toolName, toolCallId }: Message, messages: readonly Message[]): string {
  if (toolName) return toolName
  if (!toolCallId) return ''
  const calls = messages.flatMap((message) => message.toolCalls ?? [])
  return calls.findLast((call) => call.id === toolCallId)?.function.name ?? toolCallId
}
