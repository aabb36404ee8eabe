// Thinking that may cost so many tokens and no more: when they are spent, the run is left, the thinking is closed in the model's name, and a second
// run answers from there; the prefix cache has kept what the first one evaluated. Only for models whose thinking stands between known tags.

import type { Clock } from '../base/clock.ts'
import { parserThinkingTags } from '../chat/parse/select.ts'
import type { CompletionChunk } from '../runner/runner.ts'
import type { Completion } from './completion.ts'
import { parserName } from './grammar.ts'
import { measurePrompt } from './prompt.ts'

type End = Extract<CompletionChunk, { type: 'end' }>

interface Budget {
  tokens: number
  open: string
  close: string
}

/** The chunks of `start(completion)`, and where the budget is spent those of a second run; the end tells of both. */
export function chunksWithinBudget(
  completion: Completion,
  start: (completion: Completion) => AsyncIterable<CompletionChunk>,
  clock: Pick<Clock, 'monotonicNs'>,
): AsyncIterable<CompletionChunk> {
  const budget = budgetOf(completion)
  return budget ? chunksOfTwo(completion, start, { budget, clock }) : start(completion)
}

async function* chunksOfTwo(
  completion: Completion,
  start: (completion: Completion) => AsyncIterable<CompletionChunk>,
  { budget, clock }: { budget: Budget; clock: Pick<Clock, 'monotonicNs'> },
): AsyncGenerator<CompletionChunk> {
  let written = ''
  let tokens = 0
  const startNs = clock.monotonicNs()
  let firstNs = startNs
  for await (const chunk of start(completion)) {
    if (chunk.type === 'text') {
      if (written === '') firstNs = clock.monotonicNs()
      written += chunk.text
      // A chunk is a token, or a few where text was held back: a budget is kept roughly.
      tokens++
    }
    yield chunk
    if (chunk.type === 'end') return
    if (tokens >= budget.tokens && isThinking(completion, written, budget)) break
  }
  const closing = `\n${budget.close}\n\n`
  yield { type: 'text', text: closing }
  const spent = { promptEvalNs: firstNs - startNs, evalNs: clock.monotonicNs() - firstNs }
  for await (const chunk of start(afterThinking(completion, { text: written + closing, tokens }))) {
    yield chunk.type === 'end' ? addUp(chunk, spent, await measurePrompt(completion.run.lease.runner, completion)) : chunk
  }
}

function budgetOf({ run, request, template, think }: Completion): Budget | undefined {
  const { thinkingBudgetTokens: tokens } = request
  if (tokens === undefined || think === undefined || think === false) return undefined
  const tags = parserThinkingTags(parserName(run.model)) ?? template?.thinkingTags
  return tags && { tokens, open: tags.open.trim(), close: tags.close.trim() }
}

function isThinking({ prompt, start }: Completion, written: string, { open, close }: Budget): boolean {
  const isOpen = start === 'thinking' || prompt.trimEnd().endsWith(open) || written.trimStart().startsWith(open)
  return isOpen && !written.includes(close)
}

/** What is left to say: the same request, from behind the thinking. */
function afterThinking(completion: Completion, spent: { text: string; tokens: number }): Completion {
  const { run, prompt } = completion
  const limit = run.options.num_predict
  const left = limit > 0 ? Math.max(limit - spent.tokens, 1) : limit
  return { ...completion, prompt: prompt + spent.text, think: false, run: { ...run, options: { ...run.options, num_predict: left } } }
}

/** The thinking was the first run's output and is in the second one's prompt. What the first one read from the cache is not known. */
function addUp(end: End, spent: { promptEvalNs: number; evalNs: number }, promptTokens: number): End {
  return {
    ...end,
    promptTokens,
    cachedTokens: 0,
    promptEvalNs: spent.promptEvalNs,
    evalTokens: Math.max(end.promptTokens - promptTokens, 0) + end.evalTokens,
    evalNs: spent.evalNs + end.promptEvalNs + end.evalNs,
  }
}
