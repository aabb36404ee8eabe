// How a model's messages become its prompt: by a renderer of its family, by its Go TEMPLATE, or by the Jinja template in its GGUF.
// Which one: selectPromptTemplate (select.ts; rules of contract/native.md 4.1).

import type { Message, Think, Tool } from './message.ts'

export interface RenderInput {
  messages: readonly Message[]
  tools?: readonly Tool[]
  /** Absent = neither the client nor the model's capability set it. */
  think?: Think
  /** Of a chat template alone: what the client adds to its context. */
  variables?: Readonly<Record<string, unknown>>
}

export interface PromptCapabilities {
  tools: boolean
  thinking: boolean
  insert: boolean
}

export interface PromptTemplate {
  readonly kind: 'renderer' | 'go' | 'jinja'
  readonly capabilities: PromptCapabilities
  /** The tags around thinking where this template tells them. */
  readonly thinkingTags?: { open: string; close: string }
  /** What precedes a tool call in the model's text ("<tool_call>", "[", "{"), for the generic parser. Absent where tools are not supported. */
  readonly toolCallTag?: string
  /** Throws `template_error`. Images stand as `[img-N]` in the contents already. */
  render(input: RenderInput): string
  /** Fill in the middle and single-turn rendering (Go templates only); absent where the template has no `.Suffix`. */
  renderInsert?(input: { prompt: string; suffix: string; think?: Think }): string
}

export interface TemplateSource {
  /** Text of the template layer, where there is one. */
  goTemplate?: string
  /** `tokenizer.chat_template` of the GGUF. */
  chatTemplate?: string
  renderer?: string
  parser?: string
  family: string
  /** For a renderer's variants: the model's short name and its parameter count. */
  modelName: string
  parameterCount: number
  bosText: string
  eosText: string
  /** The tokenizer puts BOS before (EOS after) every prompt by itself. */
  addsBos?: boolean
  addsEos?: boolean
  /** OLLAMA_GO_TEMPLATE, where it is set. */
  preferGoTemplate?: boolean
  /** Clock for currentDate and strftime_now. */
  nowMs: () => number
}
