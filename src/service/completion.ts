// From a prompt to the events of a reply: asks the runner, lets the reply parser read what it writes, and ends with one `finish`.

import { AppError, isAppError } from '../base/errors.ts'
import { quoteGo } from '../base/go-text.ts'
import type { ChatEvent, PromptLogprob, Truncation } from '../chat/event.ts'
import type { Think, Tool } from '../chat/message.ts'
import type { ReplyParser, ReplyStart } from '../chat/parse/reply-parser.ts'
import { createReplyParser, preservedTokens } from '../chat/parse/select.ts'
import { imageMark, stripLeadingBos, withoutImageMarks } from '../chat/prompt.ts'
import type { PromptTemplate } from '../chat/prompt-template.ts'
import { shortName } from '../model/name.ts'
import type { ModelOptions } from '../model/options.ts'
import type { CompletionChunk, CompletionRequest, RunnerFacts, Sampling } from '../runner/runner.ts'
import { grammarOf, parserName } from './grammar.ts'
import type { Model } from './model.ts'
import { promptTooLong } from './prompt.ts'
import type { Run, RunOptions } from './run.ts'
import type { CompletionFields, ToolChoice } from './service.ts'
import { chunksWithinBudget } from './thinking-budget.ts'

export interface Completion {
  run: Run
  request: CompletionFields
  prompt: string
  /** In place of the prompt, where the request brought tokens. */
  promptTokens?: readonly number[]
  images: readonly Uint8Array[]
  /** Of whole messages, before the runner saw the prompt. */
  truncation?: Truncation
  /** Absent for a raw prompt: what the model writes is the reply, and it has no context to go on from. */
  template?: PromptTemplate
  start?: ReplyStart
  tools: readonly Tool[]
  think: Think | undefined
  /** Which of the tools the reply must call; `auto` unless told. */
  toolChoice?: ToolChoice
  /** Calls beyond so many are left out. */
  maxCalls?: number
  /** Calls are given in pieces while they are written, too. */
  streamsCalls?: boolean
  /** `finish` brings the tokens of prompt and reply. */
  withContext: boolean
  signal: AbortSignal
}

/** Open-ended replies end after so many windows, lest a model that never stops keeps a slot for ever. */
const MAX_REPLY_WINDOWS = 10
/** A call with shorter arguments comes whole even where calls are streamed: wire: Ollama gives every call in one record. */
const STREAMED_ARGUMENTS_CHARACTERS = 64
/** Enough to see a tag at the end of the prompt. */
const PROMPT_TAIL_CHARACTERS = 256

export async function* complete(options: RunOptions, completion: Completion): AsyncGenerator<ChatEvent> {
  const { run, request, prompt, signal } = completion
  refuseImages(completion)
  const parser = completion.template && createParser(options, completion, completion.template)
  let written = ''
  let isBehindBos = false
  const seen = { thinking: '' }
  let isCutTold = !request.tellsCut
  const start = (some: Completion) => chunksOf(run, toRunnerRequest(some), { signal, truncates: request.truncate !== false })
  for await (const chunk of chunksWithinBudget(completion, start, options.clock)) {
    if (!isCutTold && (chunk.type === 'cut' || completion.truncation)) {
      isCutTold = true
      yield { type: 'cut', truncation: addDropped(completion, chunk.type === 'cut' ? chunk.droppedTokens : 0) }
    }
    if (chunk.type === 'cut') continue
    if (chunk.type === 'text') {
      written += chunk.text
      // A generator between costs more than what it does.
      for (const event of toEvents(parser, chunk)) if (isToBeSeen(event, seen, completion)) yield event
      continue
    }
    if (chunk.type === 'prompt') {
      yield* toPrompt(chunk.tokens.slice(isBehindBos ? 0 : bosLength(completion, chunk.tokens)))
      isBehindBos = true
      continue
    }
    for (const event of parser?.end() ?? []) if (isToBeSeen(event, seen, completion)) yield event
    const thinkingTokens = seen.thinking === '' ? 0 : Math.min(await countTokens(run, seen.thinking), chunk.evalTokens)
    const context = completion.withContext
      ? await run.lease.runner.tokenize(withoutImageMarks(prompt, completion.images.length) + written, {
          addSpecial: false,
          parseSpecial: true,
        })
      : undefined
    const finish = toFinish(chunk, { completion, totalNs: options.clock.monotonicNs() - run.startNs, context, thinkingTokens })
    if (finish.truncation) tellTruncation(options, run, finish.truncation)
    yield finish
  }
}

/** What the reply says too, for those who run the server. */
function tellTruncation({ log }: RunOptions, { model, lease }: Run, { droppedMessages, droppedTokens }: Truncation): void {
  const { contextTokens } = lease
  log.warn('a prompt was cut to fit the context', { model: shortName(model.name), contextTokens, droppedMessages, droppedTokens })
}

function* toPrompt(tokens: PromptLogprob[]): Generator<ChatEvent> {
  if (tokens.length > 0) yield { type: 'prompt', tokens }
}

/** 1 where the first token of the prompt is one that the vocabulary puts in front of a text. */
function bosLength({ run, promptTokens }: Completion, tokens: readonly PromptLogprob[]): number {
  const { addsBos, bosText } = run.lease.runner.facts
  return promptTokens === undefined && addsBos && tokens[0]?.token === bosText ? 1 : 0
}

interface Seen {
  thinking: string
}

/** Whether the reply may have the event; keeps an eye on what it holds. */
function isToBeSeen(event: ChatEvent, seen: Seen, { maxCalls = Number.POSITIVE_INFINITY }: Completion): boolean {
  if (event.type === 'thinking-delta') seen.thinking += event.text
  return callIndex(event) < maxCalls
}

/** Which of the reply's calls the event belongs to; -1 for none. */
function callIndex(event: ChatEvent): number {
  if (event.type === 'tool-call') return event.call.function.index
  return 'index' in event ? event.index : -1
}

async function countTokens({ lease }: Run, text: string): Promise<number> {
  return (await lease.runner.tokenize(text, { addSpecial: false, parseSpecial: true })).length
}

/** What a run would refuse after it has begun. Throws `unsupported_capability`, `invalid_format`, `context_exceeded`. */
export function checkCompletion(completion: Completion, promptTokens: number): void {
  refuseImages(completion)
  const { contextLimitTokens } = completion.run.lease
  const { truncatePrompt } = toRunnerRequest(completion)
  if (!truncatePrompt && promptTokens >= contextLimitTokens) {
    throw promptTooLong(new AppError('context_exceeded', `the prompt has ${promptTokens} tokens and the context ${contextLimitTokens}`))
  }
}

/** They would be seen by nobody: a reply that says nothing of them would be an invention. */
function refuseImages({ run, request, images, prompt }: Completion): void {
  if (images.length === 0) return
  const { projector, capabilities } = run.model
  if (!projector) {
    const message = capabilities.includes('vision')
      ? `${quoteGo(request.model)} has its part for images inside its own file, which this engine cannot read: create it from a GGUF file and a projector (mmproj) file`
      : 'Multimodal data provided, but model does not support multimodal requests.'
    throw new AppError('unsupported_capability', message, { details: { model: request.model, capability: 'vision' } })
  }
  const lost = images.findIndex((_, index) => !prompt.includes(imageMark(index)))
  if (lost >= 0)
    throw new AppError('invalid_request', `the prompt has no place for image ${lost}: write ${imageMark(lost)} where it belongs`)
}

function createParser({ createCallId, log }: RunOptions, completion: Completion, template: PromptTemplate): ReplyParser {
  const { run, tools, think, prompt } = completion
  const start = knownStart(completion)
  const parser = parserName(run.model)
  return createReplyParser(
    {
      ...(parser === undefined ? {} : { parser }),
      ...(template.thinkingTags ? { thinkingTags: template.thinkingTags } : {}),
      ...(template.toolCallTag === undefined ? {} : { toolCallTag: template.toolCallTag }),
    },
    {
      tools,
      ...(think === undefined ? {} : { think }),
      promptTail: prompt.slice(-PROMPT_TAIL_CHARACTERS),
      ...(start ? { start } : {}),
      createCallId,
      ...(completion.streamsCalls ? { streamsCallsFrom: STREAMED_ARGUMENTS_CHARACTERS } : {}),
      warn: (message) => log.warn(message, { model: run.model.name.model }),
    },
  )
}

/** A grammar lets no thinking begin without its tag. */
function knownStart({ start, request, toolChoice = 'auto' }: Completion): ReplyStart | undefined {
  const isFree = request.format === undefined && (toolChoice === 'auto' || toolChoice === 'none')
  return start === 'family' && !isFree ? undefined : start
}

async function* chunksOf(
  { lease }: Run,
  request: CompletionRequest,
  { signal, truncates }: { signal: AbortSignal; truncates: boolean },
): AsyncGenerator<CompletionChunk> {
  try {
    yield* lease.runner.complete(request, signal)
  } catch (error) {
    throw isAppError(error, 'context_exceeded') && truncates ? promptTooLong(error) : error
  }
}

function toEvents(parser: ReplyParser | undefined, { text, logprobs }: Extract<CompletionChunk, { type: 'text' }>): readonly ChatEvent[] {
  return parser ? parser.push(text, logprobs) : [{ type: 'text-delta', text, ...(logprobs ? { logprobs } : {}) }]
}

type LogitBias = NonNullable<CompletionFields['logitBias']>

function requireTokens(biases: LogitBias, { vocabularySize }: RunnerFacts): LogitBias {
  const unknown = biases.find(([token]) => token >= vocabularySize)
  if (!unknown) return biases
  const message = `logit_bias: ${unknown[0]} is no token of this model, which has ${vocabularySize}`
  throw new AppError('invalid_request', message, { details: { param: 'logit_bias', code: 'invalid_value' } })
}

function toRunnerRequest(completion: Completion): CompletionRequest {
  const { run, request, template, images } = completion
  const { options, lease, model } = run
  const { topLogprobs, promptLogprobs, logitBias } = request
  const contextShift = request.shift ?? shiftsByDefault(model)
  const grammar = grammarOf(completion)
  const limit = grammar.closing ? lease.contextTokens : MAX_REPLY_WINDOWS * lease.contextTokens
  const preserved = template ? preservedTokensOf(completion, template) : []
  return {
    prompt: completion.promptTokens ?? stripLeadingBos(completion.prompt, lease.runner.facts),
    sampling: { ...toSampling(options), ...(logitBias ? { logitBias: requireTokens(logitBias, lease.runner.facts) } : {}) },
    maxTokens: request.prefillOnly ? 0 : toMaxTokens(options.num_predict, limit),
    stop: options.stop,
    keepTokens: options.num_keep,
    contextShift,
    // A runner that may not shift has no way to go on after a cut, so Ollama refuses instead.
    truncatePrompt: request.truncate !== false && contextShift,
    contextLimitTokens: lease.contextLimitTokens,
    ...grammar,
    ...(topLogprobs === undefined ? {} : { topLogprobs }),
    ...(promptLogprobs === undefined ? {} : { promptLogprobs }),
    // wire: a record with log-probabilities has those of one token.
    ...(topLogprobs === undefined && request.thinkingBudgetTokens === undefined ? {} : { eachToken: true }),
    ...(preserved.length > 0 ? { preservedTokens: preserved } : {}),
    ...(images.length > 0 ? { images } : {}),
  }
}

/** wire: 0 is no limit either. */
function toMaxTokens(wanted: number, limit: number): number {
  return wanted <= 0 ? limit : Math.min(wanted, limit)
}

function toSampling(options: ModelOptions): Sampling {
  return {
    seed: options.seed,
    temperature: options.temperature,
    topK: options.top_k,
    topP: options.top_p,
    minP: options.min_p,
    typicalP: options.typical_p,
    repeatLastN: options.repeat_last_n,
    repeatPenalty: options.repeat_penalty,
    presencePenalty: options.presence_penalty,
    frequencyPenalty: options.frequency_penalty,
  }
}

/** The parser's own, or else the tags that the template tells: a tag that is one token of the vocabulary would be silent otherwise. */
function preservedTokensOf({ run, tools }: Completion, { thinkingTags, toolCallTag }: PromptTemplate): string[] {
  const tokens = new Set(preservedTokens(parserName(run.model)))
  if (thinkingTags) tokens.add(thinkingTags.open).add(thinkingTags.close)
  const callToken = tools.length > 0 ? leadingToken(toolCallTag) : undefined
  if (callToken !== undefined) tokens.add(callToken)
  return [...tokens]
}

/** `[TOOL_CALLS][` begins with a token and goes on with JSON. */
function leadingToken(tag = ''): string | undefined {
  return /^(?:\[[^\]]+\]|<[^>]+>)/.exec(tag)?.[0]
}

function shiftsByDefault({ config }: Model): boolean {
  return config.model_family !== 'deepseek2' && !config.model_families?.includes('deepseek2')
}

function addDropped({ truncation }: Completion, droppedTokens: number): Truncation {
  return { droppedMessages: truncation?.droppedMessages ?? 0, droppedTokens: (truncation?.droppedTokens ?? 0) + droppedTokens }
}

type FinishEvent = Extract<ChatEvent, { type: 'finish' }>

interface FinishFacts {
  completion: Completion
  totalNs: number
  context: number[] | undefined
  thinkingTokens: number
}

function toFinish(
  end: Extract<CompletionChunk, { type: 'end' }>,
  { completion, totalNs, context, thinkingTokens }: FinishFacts,
): FinishEvent {
  const truncation = addDropped(completion, end.droppedTokens)
  return {
    type: 'finish',
    reason: end.reason,
    ...(end.stopSequence === undefined ? {} : { stopSequence: end.stopSequence }),
    timings: {
      totalNs,
      loadNs: completion.run.loadNs,
      promptEvalNs: end.promptEvalNs,
      evalNs: end.evalNs,
      promptTokens: end.promptTokens,
      cachedTokens: end.cachedTokens,
      evalTokens: end.evalTokens,
    },
    ...(thinkingTokens > 0 ? { thinkingTokens } : {}),
    ...(truncation.droppedMessages + truncation.droppedTokens > 0 ? { truncation } : {}),
    ...(context === undefined ? {} : { context }),
  }
}
