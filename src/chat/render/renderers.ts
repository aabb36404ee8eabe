// Renderers: prompts of families that neither template language can express as Ollama wants them. One small file per family; this table names them.

import { AppError } from '../../base/errors.ts'
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

export const renderers: Readonly<Record<string, Renderer>> = {}

/** Throws `template_error` for a name that is not in the table. */
export function findRenderer(name: string): Renderer {
  const renderer = Object.hasOwn(renderers, name) ? renderers[name] : undefined
  if (!renderer) throw new AppError('template_error', `unknown renderer ${JSON.stringify(name)}`, { details: { renderer: name } })
  return renderer
}
