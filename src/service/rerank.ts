// How well documents answer a query, by a model that was trained to tell: it reads the query and a document together, and has one number to say.
// A pair is written as the model's file says (a template named `rerank`), else as BERT writes two texts. Of a model with one output the number
// is any, and the logistic function makes a share of it; with several, the first is one already.

import { AppError } from '../base/errors.ts'
import { quoteGo } from '../base/go-text.ts'
import { shortName } from '../model/name.ts'
import type { Runner } from '../runner/runner.ts'
import { isReranker } from './capabilities.ts'
import { type FittedTokens, MAX_INPUTS_PER_CALL } from './embed.ts'
import type { Model } from './model.ts'
import { requireLocal, resolveModel } from './resolve.ts'
import { type Run, type RunOptions, startRun } from './run.ts'
import type { RerankReply, RerankRequest } from './service.ts'

const TEMPLATE_KEY = 'tokenizer.chat_template.rerank'

export async function rerank(options: RunOptions, request: RerankRequest, signal: AbortSignal): Promise<RerankReply> {
  const startNs = options.clock.monotonicNs()
  const model = await resolveModel(options.reader, request.model)
  requireLocal(model, request.model)
  requireReranker(model, request.model)
  const run = await startRun(options, { model, request, startNs, signal })
  using _lease = run.lease
  const pairs = await createPairs(run, request)
  const reply: RerankReply = { scores: [], promptTokens: 0 }
  for (let start = 0; start < request.documents.length; start += MAX_INPUTS_PER_CALL) {
    const documents = request.documents.slice(start, start + MAX_INPUTS_PER_CALL)
    const fitted = await Promise.all(documents.map((document) => pairs(document)))
    const { vectors, promptTokens } = await run.lease.runner.embed(
      fitted.map(({ tokens }) => tokens),
      signal,
    )
    reply.promptTokens += promptTokens
    for (const { droppedTokens } of fitted) if (droppedTokens > 0) reply.droppedTokens = (reply.droppedTokens ?? 0) + droppedTokens
    reply.scores.push(...vectors.map(toScore))
  }
  const { droppedTokens } = reply
  if (droppedTokens) options.log.warn('documents were cut to fit beside the query', { model: shortName(model.name), droppedTokens })
  return reply
}

function requireReranker({ head }: Model, text: string): void {
  if (head && isReranker(head)) return
  throw new AppError('unsupported_capability', `${quoteGo(text)} does not support rerank`, {
    details: { model: text, capability: 'rerank' },
  })
}

function toScore(vector: Float32Array): number {
  const [first = Number.NaN] = vector
  if (!Number.isFinite(first)) throw new AppError('engine_error', 'a score is NaN or Inf')
  return vector.length === 1 ? 1 / (1 + Math.exp(-first)) : first
}

/** The tokens of the query with a document. Throws `context_exceeded`. */
type ToPair = (document: string) => Promise<FittedTokens>

async function createPairs({ lease, model }: Run, { query, truncate, documentTokens }: RerankRequest): Promise<ToPair> {
  const { runner } = lease
  const { before, after } = await frameOf(runner, model.head?.metadata.get(TEMPLATE_KEY), query)
  const room = Math.min(lease.contextTokens, lease.batchTokens) - before.length - after.length
  if (room <= 0) throw new AppError('context_exceeded', 'the query leaves no room for a document', { details: { param: 'query' } })
  const limit = Math.min(room, documentTokens ?? room)
  return async (document) => {
    const tokens = await plainTokens(runner, document)
    // What the request itself does not want to be read is not missed.
    const wanted = Math.min(tokens.length, documentTokens ?? tokens.length)
    if (tokens.length > limit && truncate === false) {
      throw new AppError('context_exceeded', `a document has ${tokens.length} tokens, and ${limit} fit beside the query`)
    }
    return { tokens: [...before, ...tokens.slice(0, limit), ...after], droppedTokens: Math.max(0, wanted - limit) }
  }
}

interface Frame {
  before: readonly number[]
  after: readonly number[]
}

/** What stands around a document. */
async function frameOf(runner: Runner, template: unknown, query: string): Promise<Frame> {
  if (typeof template === 'string' && template.includes('{document}')) {
    const [before = '', after = ''] = template.split('{document}', 2).map((part) => part.replaceAll('{query}', () => query))
    const tokens = (text: string) => runner.tokenize(text, { addSpecial: false, parseSpecial: true })
    return { before: await tokens(before), after: await tokens(after) }
  }
  const { addsBos, bosToken, addsEos, eosToken, addsSeparator, separatorToken } = runner.facts
  const end = addsEos ? [eosToken < 0 ? separatorToken : eosToken] : []
  const separator = addsSeparator ? [separatorToken] : []
  const before = [...(addsBos ? [bosToken] : []), ...(await plainTokens(runner, query)), ...end, ...separator]
  // BERT has no token for the end: behind the second text stands another separator, as in its training.
  return { before, after: addsEos ? end : separator }
}

/** Texts of clients: what looks like a special token is none. */
function plainTokens(runner: Runner, text: string): Promise<number[]> {
  return runner.tokenize(text, { addSpecial: false, parseSpecial: false })
}
