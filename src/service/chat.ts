// Messages to events (contract/native.md sections 2.3 and 4). The order of the checks is part of the contract.

import type { ChatEvent } from '../chat/event.ts'
import { chatMessages } from '../chat/prompt.ts'
import { type Completion, checkCompletion, complete } from './completion.ts'
import { buildPrompt, measurePrompt, templateOf, toPromptModel } from './prompt.ts'
import { decideThink, requireCapabilities } from './requirements.ts'
import { requireLocal, resolveModel } from './resolve.ts'
import { type RunOptions, startRun, unloadModel } from './run.ts'
import type { ChatRequest, StartedChat } from './service.ts'

export async function* chat(options: RunOptions, request: ChatRequest, signal: AbortSignal): AsyncGenerator<ChatEvent> {
  for await (const step of chatSteps(options, request, { signal, start: 'silent' })) if (step.type !== 'started') yield step
}

/** Resolves before the prompt is evaluated; whoever does not read the events to their end must close them. */
export async function startChat(options: RunOptions, request: ChatRequest, signal: AbortSignal): Promise<StartedChat> {
  const steps = chatSteps(options, request, { signal, start: 'told' })
  const { value: first } = await steps.next()
  if (first?.type === 'started') return { promptTokens: first.promptTokens, events: steps as AsyncGenerator<ChatEvent> }
  await steps.return(undefined)
  return { promptTokens: 0, events: single(first || undefined) }
}

/** Of the whole prompt, however small the context is. */
export async function countPromptTokens(options: RunOptions, request: ChatRequest, signal: AbortSignal): Promise<number> {
  const steps = chatSteps(options, { ...request, truncate: false }, { signal, start: 'counted' })
  const { value: first } = await steps.next()
  await steps.return(undefined)
  return first?.type === 'started' ? first.promptTokens : 0
}

interface StartedStep {
  type: 'started'
  promptTokens: number
}

interface ChatRun {
  signal: AbortSignal
  /** `told`: `started` comes first, as soon as nothing is left to refuse. `counted`: it is all that is wanted. */
  start: 'silent' | 'told' | 'counted'
}

async function* chatSteps(options: RunOptions, request: ChatRequest, { signal, start }: ChatRun): AsyncGenerator<StartedStep | ChatEvent> {
  const startNs = options.clock.monotonicNs()
  const tools = request.toolChoice === 'none' ? [] : (request.tools ?? [])
  const model = await resolveModel(options.reader, request.model)
  if (request.messages.length === 0 && request.keepAliveNs === 0) {
    unloadModel(options, model, request)
    yield { type: 'unloaded' }
    return
  }
  requireLocal(model, request.model)
  const think = decideThink(model, request)
  requireCapabilities(model, {
    model: request.model,
    use: 'chat',
    capabilities: [...(tools.length > 0 ? ['tools' as const] : []), ...(request.needs ?? [])],
  })
  const run = await startRun(options, { model, request, startNs, signal })
  using _lease = run.lease
  if (request.messages.length === 0) {
    yield { type: 'loaded' }
    return
  }
  const built = await buildPrompt({
    run,
    template: templateOf(options, run, 'chat'),
    purpose: 'chat',
    messages: chatMessages(toPromptModel(model), request.messages),
    think,
    ...(request.tools === undefined ? {} : { tools }),
    truncate: request.truncate !== false,
    ...(request.continuesLastMessage ? { continues: true } : {}),
    ...(request.templateVariables ? { variables: request.templateVariables } : {}),
  })
  if (request.debugRenderOnly) {
    yield { type: 'rendered', prompt: built.prompt, imageCount: built.images.length }
    return
  }
  const completion: Completion = { ...built, run, request, tools, think, withContext: false, signal }
  if (request.toolChoice !== undefined) completion.toolChoice = request.toolChoice
  if (request.parallelToolCalls === false) completion.maxCalls = 1
  if (request.streamsCalls) completion.streamsCalls = true
  if (start !== 'silent') {
    checkCompletion(completion, 0)
    const promptTokens = await measurePrompt(run.lease.runner, completion)
    if (start === 'told') checkCompletion(completion, promptTokens)
    yield { type: 'started', promptTokens }
  }
  yield* complete(options, completion)
}

async function* single(event: ChatEvent | undefined): AsyncGenerator<ChatEvent> {
  if (event) yield event
}
