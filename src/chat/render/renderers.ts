// Renderers: prompts of families that neither template language can express as Ollama wants them. One small file per family; this table names them
// as RENDERER in a Modelfile does (contract/native.md 12.5).

import { AppError } from '../../base/errors.ts'
import { cogito } from './cogito.ts'
import { cohere } from './cohere.ts'
import { deepseek31 } from './deepseek3.ts'
import { functiongemma } from './functiongemma.ts'
import { gemma4, gemma4Large, gemma4Small } from './gemma4.ts'
import { glimmer } from './glimmer.ts'
import { glm47, glmOcr } from './glm.ts'
import { laguna, poolsideV1 } from './laguna.ts'
import { lfm2, lfm2Thinking } from './lfm2.ts'
import { nemotron3, nemotron35 } from './nemotron3.ts'
import { olmo3, olmo3Think, olmo31, olmo332bThink } from './olmo3.ts'
import { ornith, qwen35, qwen38 } from './qwen3.5.ts'
import { qwen3Coder } from './qwen3-coder.ts'
import { qwen3VlInstruct, qwen3VlThinking } from './qwen3-vl.ts'
import type { Renderer } from './renderer.ts'

export const renderers: Readonly<Record<string, Renderer>> = {
  'qwen3-coder': qwen3Coder,
  'qwen3-vl-instruct': qwen3VlInstruct,
  'qwen3-vl-thinking': qwen3VlThinking,
  'qwen3.5': qwen35,
  'qwen3.8': qwen38,
  ornith,
  cogito,
  'deepseek3.1': deepseek31,
  olmo3,
  'olmo3.1': olmo31,
  'olmo3-think': olmo3Think,
  'olmo3-32b-think': olmo332bThink,
  'nemotron-3-nano': nemotron3,
  'nemotron-3.5-nano': nemotron35,
  gemma4,
  'gemma4-small': gemma4Small,
  'gemma4-large': gemma4Large,
  functiongemma,
  'glm-4.7': glm47,
  'glm-ocr': glmOcr,
  lfm2,
  'lfm2-thinking': lfm2Thinking,
  laguna,
  'poolside-v1': poolsideV1,
  cohere,
  glimmer,
}

export const rendererNames: readonly string[] = Object.keys(renderers)

export function isKnownRenderer(name: string): boolean {
  return Object.hasOwn(renderers, name)
}

/** Throws `template_error` for a name that is not in the table. */
export function findRenderer(name: string): Renderer {
  const renderer = isKnownRenderer(name) ? renderers[name] : undefined
  if (!renderer) throw new AppError('template_error', `unknown renderer ${JSON.stringify(name)}`, { details: { renderer: name } })
  return renderer
}
