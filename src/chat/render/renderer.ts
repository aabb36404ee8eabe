import type { RenderInput } from '../prompt-template.ts'

export interface RendererContext {
  /** For variants: the model's short name and its parameter count. */
  modelName: string
  parameterCount: number
  nowMs: () => number
}

export interface Renderer {
  /** Stands at the start of its prompts; taken away where the tokenizer adds it. */
  leadingBos?: string
  render: (input: RenderInput, context: RendererContext) => string
}
