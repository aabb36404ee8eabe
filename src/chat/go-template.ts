// A prompt from a model's Go TEMPLATE, in one of three ways (contract/native.md 12.2): fill in the middle, all messages at once, or turn by
// turn for templates that know only System, Prompt and Response. Better than Ollama on purpose: functions work in the last turn too.

import { executeTemplate } from '../template/exec.ts'
import { cutAfterResponse, inferThinkingTags, inferToolCallTag } from '../template/inspect.ts'
import { parseTemplate, type Template } from '../template/parse.ts'
import type { Value } from '../template/value.ts'
import { toGoMessages, toGoTools } from './go-values.ts'
import type { Message, Think } from './message.ts'
import type { PromptTemplate, RenderInput } from './prompt-template.ts'

export interface GoTemplateOptions {
  nowMs: () => number
  /** Harmony knows low, medium and high. */
  mapsMaxToHigh?: boolean
}

/** Throws `template_error` when the text is no template. */
export function createGoTemplate(text: string, options: GoTemplateOptions): PromptTemplate {
  const template = parseTemplate(text)
  const thinkingTags = inferThinkingTags(template.root)
  const hasTools = template.identifiers.has('tools')
  const hasSuffix = template.identifiers.has('suffix')
  const toThinkData = (think: Think | undefined): ThinkData => thinkData(options.mapsMaxToHigh && think === 'max' ? 'high' : think)
  return {
    kind: 'go',
    capabilities: { tools: hasTools, thinking: thinkingTags !== undefined, insert: hasSuffix },
    ...(thinkingTags ? { thinkingTags } : {}),
    ...(hasTools ? { toolCallTag: inferToolCallTag(template.root) } : {}),
    render: (input) => renderMessages(template, input, { ...options, think: toThinkData(input.think) }),
    ...(hasSuffix
      ? {
          renderInsert: ({ prompt, suffix, think }) =>
            executeTemplate(template, { Prompt: prompt, Suffix: suffix, Response: '', ...toThinkData(think) }, options),
        }
      : {}),
  }
}

interface ThinkData {
  [key: string]: Value
  Think: boolean
  ThinkLevel: string
  IsThinkSet: boolean
}

interface Run {
  nowMs: () => number
  think: ThinkData
}

function thinkData(think: Think | undefined): ThinkData {
  const level = think === true ? 'medium' : think || ''
  return { Think: Boolean(think), ThinkLevel: level, IsThinkSet: think !== undefined }
}

function renderMessages(template: Template, input: RenderInput, run: Run): string {
  const spoken = toKnownRoles(input.messages, template)
  const messages = collate(spoken)
  if (!template.identifiers.has('messages')) return renderTurns(template, messages, run)
  const system = spoken.filter((message) => message.role === 'system').map((message) => message.content)
  const data = {
    System: system.join('\n\n'),
    Messages: toGoMessages(messages),
    Tools: toGoTools(input.tools),
    Response: '',
    ...run.think,
  }
  return executeTemplate(template, data, run)
}

/** A template that has a place for the system's words, and none for the developer's, would lose them; one that prints any role does not. */
function toKnownRoles(messages: readonly Message[], { text, identifiers }: Template): readonly Message[] {
  const knowsOnlySystem = !text.includes('developer') && (/["`]system["`]/.test(text) || identifiers.has('system'))
  if (!knowsOnlySystem) return messages
  return messages.map((message) => (message.role === 'developer' ? { ...message, role: 'system' } : message))
}

/** Neighbours of one role become one message; results of tools stay apart. */
function collate(messages: readonly Message[]): Message[] {
  const collated: Message[] = []
  for (const message of messages) {
    const last = collated.at(-1)
    if (last && last.role === message.role && message.role !== 'tool') last.content += `\n\n${message.content}`
    else collated.push({ ...message })
  }
  return collated
}

/** One execution per turn; the last one ends where the reply begins. Tool messages have no place here. */
function renderTurns(template: Template, messages: readonly Message[], run: Run): string {
  const last: Template = { ...template, root: cutAfterResponse(template.root) }
  const prompts: string[] = []
  let turn = { System: '', Prompt: '', Response: '' }
  const flush = (): void => {
    prompts.push(executeTemplate(template, { ...turn, ...run.think }, run))
    turn = { System: '', Prompt: '', Response: '' }
  }
  for (const { role, content } of messages) {
    if (role === 'system') {
      if (turn.Prompt !== '' || turn.Response !== '') flush()
      turn.System = content
    } else if (role === 'user') {
      if (turn.Response !== '') flush()
      turn.Prompt = content
    } else if (role === 'assistant') {
      turn.Response = content
    }
  }
  prompts.push(executeTemplate(last, { ...turn, ...run.think }, { ...run, missingKey: 'nothing' }))
  return prompts.join('')
}
