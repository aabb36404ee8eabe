// All layouts that are known; the first that claims a file is its own.

import type { Layout } from '../layout.ts'
import { GLM4_MOE_LITE, LAGUNA, NEMOTRON_H_MOE } from './experts.ts'
import { EMBEDDING_GEMMA, GEMMA3, GEMMA3N } from './gemma3.ts'
import { GEMMA4 } from './gemma4.ts'
import { QWEN3_NEXT, QWEN3VL, QWEN35 } from './qwen3.ts'
import { GPT_OSS, LFM2, LLAMA3, OLMO3, SNOWFLAKE } from './text.ts'
import { LLAMA4, MISTRAL3, OLD_LLAVA, QWEN25VL } from './vision.ts'

/** Ollama's own names for architectures that the engine has under others, with more between the two than names. */
const NOT_READ: Layout = { architectures: ['deepseekocr', 'glmocr', 'nemotron_h_omni'], isMarked: () => true }

export const LAYOUTS: readonly Layout[] = [
  EMBEDDING_GEMMA,
  GEMMA3,
  GPT_OSS,
  QWEN25VL,
  MISTRAL3,
  OLD_LLAVA,
  LLAMA3,
  QWEN3VL,
  GEMMA3N,
  OLMO3,
  LFM2,
  LLAMA4,
  GEMMA4,
  QWEN35,
  QWEN3_NEXT,
  GLM4_MOE_LITE,
  NEMOTRON_H_MOE,
  LAGUNA,
  SNOWFLAKE,
  NOT_READ,
]
