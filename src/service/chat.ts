// Messages to events (contract/native.md sections 2.3 and 4). The order of the checks is part of the contract.

import type { ChatEvent } from '../chat/event.ts'
import { chatMessages } from '../chat/prompt.ts'
import { complete } from './completion.ts'
import { buildPrompt, templateOf, toPromptModel } from './prompt.ts'
import { decideThink, requireCapabilities } from './requirements.ts'
import { requireLocal, resolveModel } from './resolve.ts'
import { type RunOptions, startRun, unloadModel } from './run.ts'
import type { ChatRequest } from './service.ts'

export async function* chat(options: RunOptions, request: ChatRequest, signal: AbortSignal): AsyncGenerator<ChatEvent> {
  const startNs = options.clock.monotonicNs()
  const tools = request.tools ?? []
  const model = await resolveModel(options.reader, request.model)
  if (request.messages.length === 0 && request.keepAliveNs === 0) {
    unloadModel(options, model)
    yield { type: 'unloaded' }
    return
  }
  requireLocal(model, request.model)
  const think = decideThink(model, request)
  requireCapabilities(model, { model: request.model, use: 'chat', capabilities: tools.length > 0 ? ['tools'] : [] })
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
    tools,
    think,
    truncate: request.truncate !== false,
  })
  if (request.debugRenderOnly) {
    yield { type: 'rendered', prompt: built.prompt, imageCount: built.images.length }
    return
  }
  yield* complete(options, { ...built, run, request, tools, think, withContext: false, signal })
}
