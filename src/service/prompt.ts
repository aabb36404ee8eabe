// The prompt of a run: the model's template over the messages, cut to what the context can become. A parsed template is kept as long as the
// runner whose special tokens it writes.

import { AppError } from '../base/errors.ts'
import type { Truncation } from '../chat/event.ts'
import { fitMessages } from '../chat/fit.ts'
import type { Message, Think, Tool } from '../chat/message.ts'
import type { ReplyStart } from '../chat/parse/reply-parser.ts'
import { type PromptModel, type RenderedPrompt, type RenderRequest, renderPrompt, stripLeadingBos } from '../chat/prompt.ts'
import type { PromptTemplate, TemplateSource } from '../chat/prompt-template.ts'
import { selectCompletionTemplate, selectPromptTemplate } from '../chat/select.ts'
import { fullName } from '../model/name.ts'
import type { Runner } from '../runner/runner.ts'
import { type Model, toTemplateSource } from './model.ts'
import type { Run, RunOptions } from './run.ts'

export interface BuiltPrompt extends Omit<RenderedPrompt, 'images'> {
  images: readonly Uint8Array[]
  /** Of whole messages; absent when none was cut. */
  truncation?: Truncation
  /** Absent for a raw prompt. */
  template?: PromptTemplate
  start?: ReplyStart
}

export interface PromptInput {
  run: Run
  template: PromptTemplate
  purpose: RenderRequest['purpose']
  messages: readonly Message[]
  /** Absent where the request has none: a Go template prints that as `null`. */
  tools?: readonly Tool[]
  think: Think | undefined
  /** Of the chat template. */
  variables?: Readonly<Record<string, unknown>>
  /** Leave out the oldest messages where they do not fit; else the runner decides. */
  truncate: boolean
  /** A text of the assistant that ends the messages is the beginning of the reply. */
  continues?: boolean
}

/** What an image may take of the context, where the model sees images at all. */
const IMAGE_TOKENS = 768
/** Models over the same file, each with a template of its own. */
const MAX_TEMPLATES_PER_RUNNER = 16

/** Throws `template_error`, `unsupported_capability`. */
export async function buildPrompt(input: PromptInput): Promise<BuiltPrompt> {
  const { run, template, messages, truncate, tools, think, purpose, variables } = input
  const { lease, model } = run
  refuseVariables(template, variables)
  const begun = input.continues ? begunReply(template, messages) : undefined
  const render = (some: readonly Message[]) => {
    const rendered = renderPrompt(template, {
      messages: begun === undefined ? some : some.slice(0, -1),
      purpose,
      ...(tools === undefined ? {} : { tools }),
      ...(think === undefined ? {} : { think }),
      ...(variables === undefined ? {} : { variables }),
    })
    return begun === undefined ? rendered : { ...rendered, prompt: rendered.prompt + begun }
  }
  if (!truncate) return toBuilt(input, render(messages))
  const { rendered, truncation } = await fitMessages({
    messages,
    limitTokens: lease.contextLimitTokens,
    imageTokens: model.projector ? IMAGE_TOKENS : 0,
    countTokens: (prompt) => countTokens(lease.runner, prompt, lease.contextLimitTokens),
    render,
  })
  return { ...toBuilt(input, rendered), ...(truncation ? { truncation } : {}) }
}

function toBuilt(input: PromptInput, rendered: RenderedPrompt): BuiltPrompt {
  const start = startOf(input, rendered.prompt)
  return { ...rendered, template: input.template, ...(start ? { start } : {}) }
}

/** A renderer knows its models: what it writes of thinking is all there is. */
function startOf({ template, messages, think }: PromptInput, prompt: string): ReplyStart | undefined {
  const last = messages.at(-1)
  if (think === undefined || think === false || (last?.role === 'assistant' && last.content !== '')) return undefined
  if (last?.role === 'assistant' && last.thinking && prompt.trimEnd().endsWith(last.thinking.trimEnd())) return 'thinking'
  return template.kind === 'renderer' ? undefined : 'family'
}

/** Chat templates continue such a message by themselves, and so do renderers where their models know how; a Go template would end it. */
function begunReply(template: PromptTemplate, messages: readonly Message[]): string | undefined {
  const last = messages.at(-1)
  const isText = last?.role === 'assistant' && last.content !== '' && (last.toolCalls ?? []).length === 0
  return template.kind === 'go' && isText && messages.length > 1 ? last.content : undefined
}

/** `enable_thinking` is understood by all, as `think`. */
function refuseVariables(template: PromptTemplate, variables: PromptInput['variables']): void {
  const other = template.kind === 'jinja' ? undefined : Object.keys(variables ?? {}).find((name) => name !== 'enable_thinking')
  if (other === undefined) return
  throw new AppError('invalid_request', `the template of this model is no chat template: it has no variable ${JSON.stringify(other)}`, {
    details: { param: 'chat_template_kwargs' },
  })
}

const templates = new WeakMap<Runner, Map<string, PromptTemplate>>()

export function templateOf(options: RunOptions, { model, lease }: Run, purpose: RenderRequest['purpose']): PromptTemplate {
  const known = templates.get(lease.runner) ?? new Map<string, PromptTemplate>()
  templates.set(lease.runner, known)
  const key = `${purpose} ${fullName(model.name)} ${model.stored.digestHex}`
  let template = known.get(key)
  if (!template) {
    const source = sourceOf(options, model, lease.runner)
    template = purpose === 'chat' ? selectPromptTemplate(source) : selectCompletionTemplate(source)
    if (known.size >= MAX_TEMPLATES_PER_RUNNER) known.clear()
    known.set(key, template)
  }
  return template
}

/** A template of the request replaces everything by which the model would write its prompt. */
export function requestTemplate(options: RunOptions, { model, lease }: Run, goTemplate: string): PromptTemplate {
  const { renderer: _renderer, parser: _parser, chatTemplate: _chatTemplate, ...source } = sourceOf(options, model, lease.runner)
  return selectPromptTemplate({ ...source, goTemplate })
}

export function toPromptModel(model: Model): PromptModel {
  const { system, messages, config, name } = model
  return { system, messages, family: config.model_family, modelName: name.model }
}

export function promptTooLong(cause: unknown): AppError {
  return new AppError(
    'context_exceeded',
    'the prompt is longer than the context length currently available to the model; shorten the prompt, adjust the context length in settings, or use a model with a longer context length',
    { cause },
  )
}

function sourceOf({ preferGoTemplate, clock }: RunOptions, model: Model, { facts }: Runner): TemplateSource {
  return {
    ...toTemplateSource(model),
    bosText: facts.bosText,
    eosText: facts.eosText,
    addsBos: facts.addsBos,
    addsEos: facts.addsEos,
    ...(preferGoTemplate === undefined ? {} : { preferGoTemplate }),
    nowMs: clock.nowMs,
  }
}

/** Tokens of a whole prompt and its images, as the runner counts them in `finish`. */
export async function measurePrompt(runner: Runner, { prompt, images }: Pick<BuiltPrompt, 'prompt' | 'images'>): Promise<number> {
  const seen = images.length > 0 ? { images } : {}
  return (await runner.tokenize(stripLeadingBos(prompt, runner.facts), { addSpecial: true, parseSpecial: true, ...seen })).length
}

/** A token is a byte at least, so a prompt of fewer bytes than the limit fits, and the runner need not be asked. */
async function countTokens(runner: Runner, prompt: string, limitTokens: number): Promise<number> {
  const bytes = Buffer.byteLength(prompt)
  if (bytes < limitTokens) return bytes
  return (await runner.tokenize(prompt, { addSpecial: false, parseSpecial: true })).length
}
