// A prompt to events (contract/native.md sections 2.2 and 4): rendered as a talk of one turn, by a template of the request, as a gap to be
// filled, or raw. The order of the checks is part of the contract.

import { AppError } from '../base/errors.ts'
import type { ChatEvent } from '../chat/event.ts'
import type { Think } from '../chat/message.ts'
import { completionMessages, tagImages, withoutImageMarks } from '../chat/prompt.ts'
import type { PromptTemplate } from '../chat/prompt-template.ts'
import { complete } from './completion.ts'
import type { Model } from './model.ts'
import { type BuiltPrompt, buildPrompt, requestTemplate, templateOf, toPromptModel } from './prompt.ts'
import { decideThink, requireCapabilities } from './requirements.ts'
import { requireLocal, resolveModel } from './resolve.ts'
import { type Run, type RunOptions, startRun, unloadModel } from './run.ts'
import type { GenerateRequest } from './service.ts'

export async function* generate(options: RunOptions, request: GenerateRequest, signal: AbortSignal): AsyncGenerator<ChatEvent> {
  const startNs = options.clock.monotonicNs()
  const model = await resolveModel(options.reader, request.model)
  requireLocal(model, request.model)
  if (isEmpty(request) && request.keepAliveNs === 0) {
    unloadModel(options, model, request)
    yield { type: 'unloaded' }
    return
  }
  refuseWrongRequest(model, request)
  const think = decideThink(model, request)
  requireCapabilities(model, { model: request.model, use: 'generate', capabilities: request.suffix ? ['insert'] : [] })
  const run = await startRun(options, { model, request, startNs, signal })
  using _lease = run.lease
  if (isEmpty(request)) {
    yield { type: 'loaded' }
    return
  }
  const built = await promptOf(options, { run, request, think })
  if (request.debugRenderOnly) {
    yield { type: 'rendered', prompt: built.prompt, imageCount: built.images.length }
    return
  }
  const { promptTokens } = request
  const withContext = !request.raw && promptTokens === undefined
  yield* complete(options, { ...built, run, request, tools: [], think, withContext, signal, ...(promptTokens ? { promptTokens } : {}) })
}

function isEmpty({ prompt, promptTokens = [] }: GenerateRequest): boolean {
  return prompt === '' && promptTokens.length === 0
}

function refuseWrongRequest(model: Model, { raw, template, system, context, promptTokens, suffix }: GenerateRequest): void {
  if (model.capabilities.includes('image'))
    throw new AppError('unsupported_capability', 'image generation models are not currently supported')
  if (raw && (template || system || (context && context.length > 0))) {
    throw new AppError('invalid_request', 'raw mode does not support template, system, or context')
  }
  if (promptTokens !== undefined && (template || system || suffix || context !== undefined)) {
    throw new AppError('invalid_request', 'a prompt of tokens goes to the model as it is: it has no template, system, suffix, or context')
  }
}

interface PromptRequest {
  run: Run
  request: GenerateRequest
  think: Think | undefined
}

async function promptOf(options: RunOptions, { run, request, think }: PromptRequest): Promise<BuiltPrompt> {
  const { images = [], raw, suffix, system, context } = request
  if (raw || request.promptTokens !== undefined) return { prompt: request.prompt, images }
  const before = context === undefined ? '' : withoutImageMarks(await run.lease.runner.detokenize(context), images.length)
  const own = templateOf(options, run, 'completion')
  const template = request.template ? requestTemplate(options, run, request.template) : own
  if (suffix) {
    const [{ content = '' } = {}] = tagImages([{ role: 'user', content: request.prompt, images: [...images] }], 'before')
    return { prompt: before + renderInsert(template, { prompt: content, suffix, think }), images, template: own }
  }
  const messages = completionMessages(toPromptModel(run.model), {
    prompt: request.prompt,
    ...(system ? { system } : {}),
    images,
    hasContext: context !== undefined,
  })
  const truncate = request.truncate !== false && !request.template
  const built = await buildPrompt({ run, template, purpose: 'completion', messages, tools: [], think, truncate })
  // The tags of the reply are those of the model, whatever wrote the prompt.
  return { ...built, prompt: before + built.prompt, template: own }
}

interface Gap {
  prompt: string
  suffix: string
  think: Think | undefined
}

function renderInsert(template: PromptTemplate, { prompt, suffix, think }: Gap): string {
  if (!template.renderInsert) throw new AppError('template_error', 'the template has no place for a suffix')
  return template.renderInsert({ prompt, suffix, ...(think === undefined ? {} : { think }) })
}
