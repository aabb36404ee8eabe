// Whether a prompt fits a sequence's context, and what is cut when it does not. One token of the context is always left for the reply.
// The rule is the compatibility contract's (native.md 4.6): the first `keepTokens` stay, the middle goes, and about half of the rest of
// the context is free afterwards, so that generation does not run into the end at once.

import { AppError } from '../../base/errors.ts'

export interface PromptFit {
  contextTokens: number
  /** Negative = the whole prompt. */
  keepTokens: number
  addsBos: boolean
  truncate: boolean
}

export interface FittedPrompt {
  tokens: readonly number[]
  droppedTokens: number
}

/** Throws `context_exceeded` when the prompt does not fit and may not be cut. */
export function fitPrompt(tokens: readonly number[], { contextTokens, keepTokens, addsBos, truncate }: PromptFit): FittedPrompt {
  if (tokens.length < contextTokens) return { tokens, droppedTokens: 0 }
  if (!truncate) {
    throw new AppError('context_exceeded', `the prompt has ${tokens.length} tokens and the context ${contextTokens}`, {
      details: { promptTokens: tokens.length, contextTokens },
    })
  }
  const keep = keptTokens({ promptTokens: tokens.length, contextTokens, keepTokens, addsBos })
  const limit = contextTokens - Math.max(Math.floor((contextTokens - keep) / 2), 1)
  const dropped = tokens.length - limit
  return { tokens: [...tokens.slice(0, keep), ...tokens.slice(keep + dropped)], droppedTokens: dropped }
}

/** Tokens at the start that a cut or a context shift leaves alone. */
export function keptTokens(prompt: { promptTokens: number; contextTokens: number; keepTokens: number; addsBos: boolean }): number {
  const asked = prompt.keepTokens < 0 ? prompt.promptTokens : prompt.keepTokens
  return Math.min(asked + (prompt.addsBos ? 1 : 0), prompt.contextTokens - 1)
}
