// Which of a model's ways to build prompts is taken (contract/native.md 4.1): renderer; Go TEMPLATE where a parser or harmony wants it or where
// it can do as much as the GGUF's chat template; else the chat template, as llama-server applies it.

import { parseTemplate, type Template } from '../template/parse.ts'
import { createGoTemplate } from './go-template.ts'
import { hasToolRoundTrip, jinjaCapabilities } from './jinja-capabilities.ts'
import type { PromptCapabilities, PromptTemplate, TemplateSource } from './prompt-template.ts'
import { CHATML_TEMPLATE, createJinjaTemplate } from './render/jinja.ts'
import { findRenderer } from './render/renderers.ts'

/** What a model without a template shows, and what /api/generate then sends. */
export const DEFAULT_TEMPLATE = '{{ .Prompt }}'

/** For messages. Throws `template_error` when the chosen Go template does not parse. */
export function selectPromptTemplate(source: TemplateSource): PromptTemplate {
  if (source.renderer) return createRendererTemplate(source, source.renderer)
  if (usesGoTemplate(source)) return goTemplate(source, source.goTemplate ?? DEFAULT_TEMPLATE)
  return createJinjaTemplate(source.chatTemplate || CHATML_TEMPLATE, source)
}

/** For /api/generate: the same, but a model without any template gets the bare prompt. */
export function selectCompletionTemplate(source: TemplateSource): PromptTemplate {
  const isBare = !source.renderer && source.goTemplate === undefined && !source.chatTemplate
  return isBare ? goTemplate(source, DEFAULT_TEMPLATE) : selectPromptTemplate(source)
}

/** The text that `show` gives: the chat template where it is the one in use, else the Go template. */
export function selectedTemplateText(source: TemplateSource): string {
  if (source.chatTemplate && !source.renderer && !usesGoTemplate(source)) return source.chatTemplate
  return source.goTemplate ?? DEFAULT_TEMPLATE
}

/** gpt-oss with its own format: its parser is `harmony` where none is named. */
export function isHarmony(source: TemplateSource): boolean {
  const text = source.goTemplate ?? DEFAULT_TEMPLATE
  return ['gptoss', 'gpt-oss'].includes(source.family) && text.includes('<|start|>') && text.includes('<|end|>')
}

function usesGoTemplate(source: TemplateSource): boolean {
  if (source.parser || isHarmony(source)) return true
  if (source.goTemplate === undefined) return false
  if (source.preferGoTemplate !== undefined) return source.preferGoTemplate
  return !source.chatTemplate || !prefersChatTemplate(source.chatTemplate, source.goTemplate)
}

/** It does more, or as much with tools whose results it can show while the Go template cannot. */
function prefersChatTemplate(chatTemplate: string, goText: string): boolean {
  const template = parseTemplate(goText)
  const chat = namesOf({ ...jinjaCapabilities(chatTemplate), insert: false })
  const go = namesOf(createGoTemplate(goText, { nowMs: () => 0 }).capabilities)
  const chatRoundTrip = hasToolRoundTrip(chatTemplate)
  const goRoundTrip = hasGoToolRoundTrip(template)
  if (chat.length > go.length) return !goRoundTrip || chatRoundTrip
  const isSame = chat.length === go.length && chat.every((name) => go.includes(name))
  return isSame && chat.includes('tools') && chatRoundTrip && !goRoundTrip
}

function hasGoToolRoundTrip(template: Template): boolean {
  if (!template.identifiers.has('tools') || !template.identifiers.has('toolcalls')) return false
  return ['eq .Role "tool"', 'tool_response', 'TOOL_RESULTS'].some((part) => template.text.includes(part))
}

function namesOf(capabilities: PromptCapabilities): string[] {
  return Object.entries(capabilities).flatMap(([name, has]) => (has ? [name] : []))
}

function goTemplate(source: TemplateSource, text: string): PromptTemplate {
  return createGoTemplate(text, { nowMs: source.nowMs, mapsMaxToHigh: isHarmony(source) })
}

/** Unknown renderers fail when they are asked for a prompt, so that such a model can still be shown. */
function createRendererTemplate(source: TemplateSource, name: string): PromptTemplate {
  const go = source.goTemplate === undefined ? undefined : goTemplate(source, source.goTemplate)
  return {
    kind: 'renderer',
    capabilities: go?.capabilities ?? { tools: false, thinking: false, insert: false },
    ...(go?.thinkingTags ? { thinkingTags: go.thinkingTags } : {}),
    ...(go?.toolCallTag ? { toolCallTag: go.toolCallTag } : {}),
    render: (input) => findRenderer(name).render(input, source),
    ...(go?.renderInsert ? { renderInsert: go.renderInsert } : {}),
  }
}
