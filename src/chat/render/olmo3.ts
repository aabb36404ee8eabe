// OLMo 3: ChatML with a system text that always says which functions there are; calls in Python. The thinking models have no tools.

import type { Message } from '../message.ts'
import type { RenderInput } from '../prompt-template.ts'
import { isLast, toSpacedJson, toToolJson } from './prompt-values.ts'
import type { Renderer } from './renderer.ts'

const IDENTITY =
  'You are Olmo, a helpful AI assistant built by Ai2. Your date cutoff is December 2024, and your model weights are available at https://huggingface.co/allenai.'
const WITH_FUNCTIONS =
  'You are provided with function signatures within <functions></functions> XML tags. You may call one or more functions to assist with the user query. Output any function calls within <function_calls></function_calls> XML tags. Do not make assumptions about what values to plug into functions.'
const NO_FUNCTIONS = 'You do not currently have access to any functions. <functions></functions>'

export const olmo3: Renderer = { render: (input) => render(input, 'You are a helpful function-calling AI assistant. ') }
export const olmo31: Renderer = { render: (input) => render(input, `${IDENTITY} `) }
export const olmo3Think: Renderer = { render: (input) => renderThinking(input, IDENTITY) }
export const olmo332bThink: Renderer = { render: (input) => renderThinking(input, 'You are a helpful AI assistant.') }

function render({ messages, tools = [] }: RenderInput, identity: string): string {
  const system = messages.find((message) => message.role === 'system')?.content
  const turns = messages.filter((message) => message.role !== 'system')
  const functions = tools.length > 0 ? `<functions>${toSpacedJson(tools.map(toToolJson))}</functions>` : ''
  const about = system ?? `${identity}${functions === '' ? NO_FUNCTIONS : WITH_FUNCTIONS}`
  const last = turns.at(-1)
  const goesOn = last?.role === 'assistant' && !last.toolCalls?.length && last.content !== ''
  const rendered = turns.map((message, index) => renderTurn(message, isLast(turns, index)))
  return `${turn('system', `${about}${functions}`)}${rendered.join('')}${goesOn ? '' : '<|im_start|>assistant\n'}`
}

function renderThinking({ messages }: RenderInput, identity: string): string {
  const system = messages.find((message) => message.role === 'system')?.content
  const turns = messages.filter(({ role }) => role === 'user' || role === 'assistant').map(({ role, content }) => turn(role, content))
  return `${turn('system', system === undefined ? identity : `${system} ${NO_FUNCTIONS}`)}${turns.join('')}<|im_start|>assistant\n<think>`
}

function renderTurn({ role, content, toolCalls = [] }: Message, isLastTurn: boolean): string {
  if (role === 'user') return turn('user', content)
  if (role === 'tool') return turn('environment', content)
  if (role !== 'assistant') return ''
  const calls = toolCalls.map(({ function: call }) => {
    const pairs = Object.entries(call.arguments).map(([key, value]) => `${key}=${toSpacedJson(value)}`)
    return `${call.name}(${pairs.join(', ')})`
  })
  const text = `${content}${calls.length > 0 ? `<function_calls>${calls.join('\n')}</function_calls>` : ''}`
  return isLastTurn && calls.length === 0 ? `<|im_start|>assistant\n${text}` : turn('assistant', text)
}

function turn(role: string, text: string): string {
  return `<|im_start|>${role}\n${text}<|im_end|>\n`
}
