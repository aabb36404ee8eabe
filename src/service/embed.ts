// Texts to vectors (contract/native.md section 5). All texts of a request go to the runner together, in parts of bounded size; the vectors
// are normalised in 32-bit arithmetic, as Ollama does, so that the numbers are the same.

import { AppError } from '../base/errors.ts'
import { quoteGo } from '../base/go-text.ts'
import type { GgufHead } from '../gguf/types.ts'
import { shortName } from '../model/name.ts'
import type { Runner } from '../runner/runner.ts'
import { architectureName } from '../scheduler/architecture.ts'
import { isReranker } from './capabilities.ts'
import type { Model } from './model.ts'
import { requireLocal, resolveModel } from './resolve.ts'
import { type Run, type RunOptions, startRun } from './run.ts'
import type { EmbedInput, EmbedReply, EmbedRequest } from './service.ts'

/** One message to the runner holds at most so many inputs. */
export const MAX_INPUTS_PER_CALL = 256
const SMALLEST_NORM = 1e-12

export async function embed(options: RunOptions, request: EmbedRequest, signal: AbortSignal): Promise<EmbedReply> {
  const startNs = options.clock.monotonicNs()
  const model = await resolveModel(options.reader, request.model)
  requireLocal(model, request.model)
  if (request.inputs.length > 0) requireEmbedding(model, request.model)
  const run = await startRun(options, { model, request, startNs, signal })
  using _lease = run.lease
  const reply: EmbedReply = { embeddings: [], totalNs: 0, loadNs: run.loadNs, promptTokens: 0 }
  if (request.inputs.length > 0) {
    const isRaw = request.normalize === false && model.head !== undefined && givesRawVectors(model.head)
    for (let start = 0; start < request.inputs.length; start += MAX_INPUTS_PER_CALL) {
      const inputs = request.inputs.slice(start, start + MAX_INPUTS_PER_CALL)
      const fitted = await Promise.all(inputs.map((text) => toTokens(run, text, request.truncate !== false)))
      const { vectors, promptTokens } = await run.lease.runner.embed(
        fitted.map(({ tokens }) => tokens),
        signal,
      )
      reply.promptTokens += promptTokens
      for (const { droppedTokens } of fitted) if (droppedTokens > 0) reply.droppedTokens = (reply.droppedTokens ?? 0) + droppedTokens
      reply.embeddings.push(...vectors.map((vector) => (isRaw ? vector : toUnit(vector, request.dimensions))))
    }
  }
  const { droppedTokens } = reply
  if (droppedTokens) options.log.warn('texts were cut to fit the context', { model: shortName(model.name), droppedTokens })
  reply.totalNs = Math.max(options.clock.monotonicNs() - startNs, 1)
  return reply
}

/** Length 1. With fewer `dimensions` than the vector has, its beginning, normalised again; other values change nothing. */
export function toUnit(vector: Float32Array, dimensions = 0): Float32Array {
  const unit = normalize(vector)
  return dimensions > 0 && dimensions < unit.length ? normalize(unit.subarray(0, dimensions)) : unit
}

function normalize(vector: Float32Array): Float32Array {
  let sum = 0
  for (const value of vector) {
    if (!Number.isFinite(value)) throw new AppError('engine_error', 'embedding contains NaN or Inf values')
    sum = Math.fround(sum + Math.fround(value * value))
  }
  const factor = Math.fround(1 / Math.max(Math.sqrt(sum), SMALLEST_NORM))
  return vector.map((value) => value * factor)
}

export interface FittedTokens {
  tokens: readonly number[]
  droppedTokens: number
}

/** Cuts what is too long, or throws `context_exceeded`. A cut keeps the special tokens around the text. */
async function toTokens(run: Run, input: EmbedInput, truncate: boolean): Promise<FittedTokens> {
  const { runner } = run.lease
  const windowTokens = embedWindow(run)
  if (typeof input !== 'string') return cutTokens(input, windowTokens, truncate)
  const whole = await runner.tokenize(input, { addSpecial: true, parseSpecial: true })
  if (whole.length === 0) throw new AppError('invalid_request', 'input content cannot be empty')
  if (whole.length <= windowTokens - 2) return { tokens: whole, droppedTokens: 0 }
  const bare = await runner.tokenize(input, { addSpecial: false, parseSpecial: true })
  const limit = textLimit(runner, bare, windowTokens)
  if (limit <= 0) throw new AppError('invalid_request', 'input after truncation exceeds maximum context length')
  if (bare.length <= limit) return { tokens: whole, droppedTokens: 0 }
  if (!truncate) throw inputTooLong()
  const before = runner.facts.addsBos && whole.length > bare.length ? 1 : 0
  const tokens = [...whole.slice(0, before), ...bare.slice(0, limit), ...whole.slice(before + bare.length)]
  return { tokens, droppedTokens: bare.length - limit }
}

/** wire: a context of less than four tokens is loaded as one of four, and a text is cut to what was asked for. */
function embedWindow({ lease, options }: Run): number {
  return Math.min(lease.contextTokens, lease.batchTokens, options.num_ctx > 0 ? options.num_ctx : Number.POSITIVE_INFINITY)
}

/** Token ids stay as the client chose them, except that the end of too many is cut off. */
function cutTokens(tokens: readonly number[], windowTokens: number, truncate: boolean): FittedTokens {
  if (tokens.length <= windowTokens) return { tokens, droppedTokens: 0 }
  if (!truncate) throw inputTooLong()
  return { tokens: tokens.slice(0, windowTokens), droppedTokens: tokens.length - windowTokens }
}

function inputTooLong(): AppError {
  return new AppError('context_exceeded', 'the input length exceeds the context length')
}

/** Room is kept for the tokens that begin and end a text, whether or not this vocabulary adds them: wire: Ollama's flags are always true. */
function textLimit({ facts }: Runner, tokens: readonly number[], windowTokens: number): number {
  return windowTokens - (tokens[0] === facts.bosToken ? 0 : 1) - (tokens.at(-1) === facts.eosToken ? 0 : 1)
}

function requireEmbedding(model: Model, text: string): void {
  // Ollama gives its scores as vectors, of which normalisation leaves 1 or -1.
  if (model.head && isReranker(model.head)) {
    throw new AppError('unsupported_capability', `${quoteGo(text)} is a reranker and makes no embeddings: ask /v1/rerank`, {
      details: { model: text, capability: 'embedding' },
    })
  }
  if (model.capabilities.includes('embedding') || !model.capabilities.includes('completion')) return
  // wire: llama.cpp's words, since they are what clients of Ollama see.
  throw new AppError('unsupported_capability', 'This server does not support embeddings. Start it with `--embeddings`', {
    details: { model: text, capability: 'embedding' },
  })
}

/** The models whose vectors /api/embeddings gave as they came before there was /api/embed. */
function givesRawVectors(head: GgufHead): boolean {
  const { metadata } = head
  const name = architectureName(head)
  if (!metadata.has(`${name}.pooling_type`)) return false
  const normalizes = metadata.get(`${name}.normalize_embeddings`)
  if (name === 'bert') return (metadata.get('tokenizer.ggml.model') ?? 'bert') !== 'bert' || normalizes === false
  return (name === 'nomic-bert' || name === 'nomic-bert-moe') && normalizes !== true
}
