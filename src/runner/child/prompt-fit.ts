// Whether a prompt fits a sequence's context, and what is cut when it does not. One token of the context is always left for the reply.
// The rule is the compatibility contract's (native.md 4.6): the first `keepTokens` stay, the middle goes, and about half of the rest of
// the context is free afterwards, so that generation does not run into the end at once. Media are worth more than words around them: text goes
// first, then whole images from the oldest on, and a prompt whose last image has no room is refused.

import { AppError } from '../../base/errors.ts'
import type { PromptPart } from './media.ts'
import { idsOf, isRun } from './prompt.ts'

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

/** A prompt of text alone. Throws `context_exceeded` when it does not fit and may not be cut. */
export function fitPrompt(tokens: readonly number[], fit: PromptFit): FittedPrompt {
  const { parts, droppedTokens } = fitParts([tokens], fit)
  return { tokens: parts.flatMap(idsOf), droppedTokens }
}

/** Throws `context_exceeded` when the prompt does not fit and may not be cut, or when its last image alone is too long. */
export function fitParts(parts: readonly PromptPart[], fit: PromptFit): { parts: readonly PromptPart[]; droppedTokens: number } {
  const runs = parts.filter(isRun)
  const mediaTokens = sumOf(runs.map(({ ids }) => ids.length))
  const textTokens = sumOf(parts.map((part) => (isRun(part) ? 0 : part.length)))
  const promptTokens = mediaTokens + textTokens
  if (promptTokens < fit.contextTokens) return { parts, droppedTokens: 0 }
  if (!fit.truncate) throw tooLong(promptTokens, fit)
  let staying = mediaTokens
  const leaving = new Set<PromptPart>()
  for (const run of runs) {
    if (staying < fit.contextTokens) break
    leaving.add(run)
    staying -= run.ids.length
  }
  if (runs.length > 0 && leaving.size === runs.length) throw tooLong(promptTokens, fit)
  const contextTokens = fit.contextTokens - staying
  const keep = Math.min(keptTokens({ promptTokens: textTokens, ...fit }), contextTokens - 1)
  const dropped = Math.max(textTokens - roomFor(contextTokens, keep), 0)
  const left = dropText(
    parts.filter((part) => !leaving.has(part)),
    { keep, dropped },
  )
  return { parts: left, droppedTokens: dropped + mediaTokens - staying }
}

/** Tokens at the start that a cut or a context shift leaves alone. */
export function keptTokens(prompt: { promptTokens: number; contextTokens: number; keepTokens: number; addsBos: boolean }): number {
  const asked = prompt.keepTokens < 0 ? prompt.promptTokens : prompt.keepTokens
  return Math.min(asked + (prompt.addsBos ? 1 : 0), prompt.contextTokens - 1)
}

function roomFor(contextTokens: number, keep: number): number {
  return contextTokens - Math.max(Math.floor((contextTokens - keep) / 2), 1)
}

/** Text from its `keep`th token on, whatever stands in between. */
function dropText(parts: readonly PromptPart[], { keep, dropped }: { keep: number; dropped: number }): PromptPart[] {
  let place = 0
  return parts.map((part) => {
    if (isRun(part)) return part
    const own = place
    place += part.length
    return part.filter((_, index) => own + index < keep || own + index >= keep + dropped)
  })
}

function tooLong(promptTokens: number, { contextTokens }: PromptFit): AppError {
  return new AppError('context_exceeded', `the prompt has ${promptTokens} tokens and the context ${contextTokens}`, {
    details: { promptTokens, contextTokens },
  })
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0)
}
