// Llamero's own: a text as the tokens of a model, and back.

import { integer, list, struct, text } from './fields.ts'
import { runFields } from './run-fields.ts'

export interface TokenizeRequestBody {
  model: string
  text: string
  keep_alive?: number | string
  options?: Record<string, unknown>
}

export interface TokenizeResponseBody {
  model: string
  tokens: number[]
}

export interface DetokenizeRequestBody {
  model: string
  tokens: number[]
  keep_alive?: number | string
  options?: Record<string, unknown>
}

export interface DetokenizeResponseBody {
  model: string
  text: string
}

export const tokenizeRequest = struct('TokenizeRequest', { ...runFields, text })
export const detokenizeRequest = struct('DetokenizeRequest', { ...runFields, tokens: list(integer, '[]int') })
