// GLM 4.7 and GLM-OCR: calls as <tool_call>name<arg_key>…<arg_value>…. GLM 4.7 keeps the thinking of all turns and opens or closes it in the prompt.

import type { Message, Tool } from '../message.ts'
import type { RenderInput } from '../prompt-template.ts'
import { toArgumentText, toSpacedJson, toToolJson } from './prompt-values.ts'
import type { Renderer } from './renderer.ts'

export const glm47: Renderer = { render: renderGlm47 }
export const glmOcr: Renderer = { render: renderGlmOcr }

function renderGlm47({ messages, tools = [], think }: RenderInput): string {
  const turns = messages.map((message, index) => {
    const { role, content, thinking } = message
    if (role === 'user' || role === 'system') return `<|${role}|>${content}`
    if (role === 'assistant') return `<|assistant|>${thinking ? `<think>${thinking}` : ''}</think>${content}${renderCalls(message, '')}`
    if (role !== 'tool') return ''
    return `${messages[index - 1]?.role === 'tool' ? '' : '<|observation|>'}<tool_response>${content}</tool_response>`
  })
  return `[gMASK]<sop>${renderTools(tools)}${turns.join('')}<|assistant|>${think === false ? '</think>' : '<think>'}`
}

function renderGlmOcr({ messages, tools = [], think }: RenderInput): string {
  const turns = messages.map((message, index) => {
    const { role, content } = message
    const mark = think === false && !content.endsWith('/nothink') ? '/nothink' : ''
    if (role === 'user') return `<|user|>\n${content}${mark}`
    if (role === 'system') return `<|system|>\n${content}\n`
    if (role === 'assistant') {
      const thought = `<think>${message.thinking?.trim() ?? ''}</think>`
      return `<|assistant|>\n${thought}${content === '' ? '' : `\n${content.trim()}`}${renderCalls(message, '\n')}\n`
    }
    if (role !== 'tool') return ''
    return `${messages[index - 1]?.role === 'tool' ? '' : '<|observation|>'}\n<tool_response>\n${content}\n</tool_response>\n`
  })
  return `[gMASK]<sop>${renderTools(tools)}${turns.join('')}<|assistant|>\n${think === false ? '<think></think>\n' : ''}`
}

function renderTools(tools: readonly Tool[]): string {
  if (tools.length === 0) return ''
  return `<|system|>
# Tools

You may call one or more functions to assist with the user query.

You are provided with function signatures within <tools></tools> XML tags:
<tools>
${tools.map((tool) => `${toSpacedJson(toToolJson(tool))}\n`).join('')}</tools>

For each function call, output the function name and arguments within the following XML format:
<tool_call>{function-name}<arg_key>{arg-key-1}</arg_key><arg_value>{arg-value-1}</arg_value><arg_key>{arg-key-2}</arg_key><arg_value>{arg-value-2}</arg_value>...</tool_call>`
}

function renderCalls({ toolCalls = [] }: Message, before: string): string {
  const calls = toolCalls.map(({ function: call }) => {
    const pairs = Object.entries(call.arguments).map(
      ([key, value]) => `<arg_key>${key}</arg_key><arg_value>${toArgumentText(value)}</arg_value>`,
    )
    return `${before}<tool_call>${call.name}${pairs.join('')}</tool_call>`
  })
  return calls.join('')
}
