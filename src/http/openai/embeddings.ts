// `POST /v1/embeddings`: texts or token ids to vectors of length 1, as numbers or as base64 of little-endian 32-bit floats.

import { type Decoded, described, flag, integer, struct, text } from '../../api/fields.ts'
import { runFields } from '../../api/run-fields.ts'
import { AppError } from '../../base/errors.ts'
import type { EmbedInput } from '../../service/service.ts'
import { shortenFloat32 } from '../float32.ts'
import { json, type Reply } from '../kernel/reply.ts'
import type { HttpRequest } from '../kernel/request.ts'
import { decodeRequest, type Fates, toWarningHeaders } from '../request-fields.ts'
import { toDropped, truncatedHeaders } from '../truncated.ts'
import type { OpenAiContext } from './context.ts'
import { fieldError, JSON_WITHOUT_CHARSET } from './errors.ts'
import { keepAlive, options, textsOrTokens } from './fields.ts'
import { runStage } from './run.ts'
import { commonFields, readKeepAlive, readOptions } from './run-fields.ts'

export const embeddingRequest = struct(
  'EmbedRequest',
  {
    input: textsOrTokens,
    model: runFields.model,
    dimensions: described(integer, { type: 'integer', minimum: 1 }),
    encoding_format: described(text, { type: 'string', description: '`float` or `base64`.' }),
    truncate: flag,
    keep_alive: keepAlive,
    options,
    num_ctx: commonFields.num_ctx,
  },
  { goPackage: 'openai' },
)

export const EMBEDDING_FATES: Fates = {
  user: 'unused',
  prompt: { refusal: 'belongs to /api/embeddings; send input' },
}

type WireEmbeddingRequest = Decoded<(typeof embeddingRequest)['fields']>

export async function handleEmbeddings(request: HttpRequest, { service }: OpenAiContext): Promise<Reply> {
  const { fields, warnings } = decodeRequest(await request.readBody(), embeddingRequest, EMBEDDING_FATES)
  const isBase64 = readIsBase64(fields.encoding_format)
  const { model = '', dimensions, truncate } = fields
  if (dimensions !== undefined && dimensions < 1) throw fieldError('dimensions', 'dimensions must be at least 1')
  const keepAliveNs = readKeepAlive(fields.keep_alive, warnings)
  const options = toOptions(fields)
  const headers = toWarningHeaders(warnings)
  const isMissing = fields.input === undefined || (Array.isArray(fields.input) && fields.input.length === 0)
  if (isMissing) throw fieldError('input', 'invalid input', 'missing_required_parameter')
  return runStage(async () => {
    const inputs = toInputs(fields.input, model)
    const reply = await service.embed(
      {
        model,
        inputs,
        options,
        ...(dimensions === undefined ? {} : { dimensions }),
        ...(truncate === undefined ? {} : { truncate }),
        ...(keepAliveNs === undefined ? {} : { keepAliveNs }),
      },
      request.signal,
    )
    refuseTooMany(dimensions, reply.embeddings[0])
    const data = reply.embeddings.map((vector, index) => ({ object: 'embedding', embedding: toBody(vector, isBase64), index }))
    const dropped = toDropped(reply)
    const usage = { prompt_tokens: reply.promptTokens, total_tokens: reply.promptTokens, ...dropped }
    return json(
      { object: 'list', data, model, usage },
      { contentType: JSON_WITHOUT_CHARSET, headers: { ...headers, ...truncatedHeaders(dropped) } },
    )
  })
}

/** wire: whatever its case. */
function readIsBase64(format = ''): boolean {
  const word = format.toLowerCase()
  if (word === '' || word === 'float' || word === 'base64') return word === 'base64'
  throw fieldError('encoding_format', `Invalid value for 'encoding_format' = ${format}. Supported values: ['float', 'base64'].`)
}

function toOptions({ options, num_ctx: contextTokens }: WireEmbeddingRequest): Record<string, unknown> {
  return { ...readOptions(options), ...(contextTokens === undefined ? {} : { num_ctx: contextTokens }) }
}

/** A text, token ids, or a list of either. An empty name is said first. */
function toInputs(input: unknown, model: string): EmbedInput[] {
  if (typeof input === 'string') return [input]
  if (isTokens(input)) return [input]
  if (Array.isArray(input) && input.every((item) => typeof item === 'string')) return input
  if (Array.isArray(input) && input.every(isTokens)) return input
  if (model.trim() === '') throw new AppError('model_required', 'model is required', { details: { model } })
  throw fieldError('input', 'invalid input type', 'invalid_type')
}

function isTokens(value: unknown): value is number[] {
  return Array.isArray(value) && value.length > 0 && value.every((item) => Number.isInteger(item) && item >= 0)
}

function refuseTooMany(dimensions: number | undefined, vector: Float32Array | undefined): void {
  if (dimensions === undefined || vector === undefined || vector.length >= dimensions) return
  throw fieldError('dimensions', `dimensions must not be more than ${vector.length}, which this model has`)
}

function toBody(vector: Float32Array, isBase64: boolean): number[] | string {
  if (!isBase64) return Array.from(vector, shortenFloat32)
  const bytes = Buffer.alloc(vector.length * 4)
  for (const [index, value] of vector.entries()) bytes.writeFloatLE(value, index * 4)
  return bytes.toString('base64')
}
