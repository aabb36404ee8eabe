// A prompt as the loop knows it: ids in a row, some of which stand for media.

import type { MediaRun, PromptPart } from './media.ts'
import { SequenceLayout, TEXT_LAYOUT, toSpan } from './sequence-layout.ts'

export interface PlacedRun {
  /** Place of its first id. */
  from: number
  run: MediaRun
}

export interface Prompt {
  tokens: readonly number[]
  layout: SequenceLayout
  runs: readonly PlacedRun[]
}

export function textPrompt(tokens: readonly number[]): Prompt {
  return { tokens, layout: TEXT_LAYOUT, runs: [] }
}

export function toPrompt(parts: readonly PromptPart[]): Prompt {
  const [only = [], ...others] = parts
  if (others.length === 0 && !isRun(only)) return textPrompt(only)
  const tokens: number[] = []
  const runs: PlacedRun[] = []
  for (const part of parts) {
    if (isRun(part) && part.ids.length > 0) runs.push({ from: tokens.length, run: part })
    for (const id of idsOf(part)) tokens.push(id)
  }
  if (runs.length === 0) return textPrompt(tokens)
  return { tokens, layout: new SequenceLayout(runs.map(({ from, run }) => toSpan(from, run))), runs }
}

export function isRun(part: PromptPart): part is MediaRun {
  return 'ids' in part
}

export function idsOf(part: PromptPart): readonly number[] {
  return isRun(part) ? part.ids : part
}
