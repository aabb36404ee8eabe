// `POST /v1/rerank`: documents in the order in which they answer a query, in the shape that Jina and Cohere share. OpenAI has no such endpoint.

import { type Decoded, flag, integer, rawJson, struct, text } from '../../api/fields.ts'
import { isRecord } from '../../base/json.ts'
import { createId } from '../ids.ts'
import { json, type Reply } from '../kernel/reply.ts'
import type { HttpRequest } from '../kernel/request.ts'
import { decodeRequest, type Fates, toWarningHeaders } from '../request-fields.ts'
import { type DroppedBody, toDropped, truncatedHeaders } from '../truncated.ts'
import type { OpenAiContext } from './context.ts'
import { fieldError, JSON_WITHOUT_CHARSET, unsupported } from './errors.ts'
import { runStage } from './run.ts'
import { readKeepAlive, readOptions } from './run-fields.ts'

const DOCUMENTS_SCHEMA = {
  type: 'array',
  items: { anyOf: [{ type: 'string' }, { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] }] },
  minItems: 1,
} as const

export const rerankRequest = struct(
  'RerankRequest',
  {
    model: text,
    query: text,
    documents: { ...rawJson, schema: DOCUMENTS_SCHEMA },
    /** Of the results, the best so many. */
    top_n: integer,
    return_documents: flag,
    max_tokens_per_doc: integer,
    truncation: flag,
    options: rawJson,
    num_ctx: rawJson,
    keep_alive: rawJson,
  },
  { goPackage: 'openai' },
)

export const RERANK_FATES: Fates = {
  user: 'unused',
  client_name: 'unused',
  priority: 'unused',
  // A document is read in one piece, as far as it fits.
  max_chunks_per_doc: 'unused',
  rank_fields: {
    refusal: 'documents have one field: text',
    unless: (value) => Array.isArray(value) && value.every((item) => item === 'text'),
  },
  return_embeddings: { refusal: 'a reranker makes no vectors', unless: (value) => value === false },
  input: { refusal: 'send query and documents' },
  texts: { refusal: 'send documents' },
}

type WireRerankRequest = Decoded<(typeof rerankRequest)['fields']>

export interface RerankResult {
  index: number
  relevance_score: number
  document?: { text: string }
}

export interface RerankBody {
  id: string
  object: 'list'
  model: string
  results: RerankResult[]
  /** Jina's. */
  usage: { prompt_tokens: number; total_tokens: number } & DroppedBody
  /** Cohere's. */
  meta: { tokens: { input_tokens: number; output_tokens: number } }
}

/** Each is a run of the model over query and document. */
export const MAX_DOCUMENTS = 4096

export async function handleRerank(request: HttpRequest, { service }: OpenAiContext): Promise<Reply> {
  const { fields, warnings } = decodeRequest(await request.readBody(), rerankRequest, RERANK_FATES)
  const { model = '', query = '', top_n: topCount, truncation, max_tokens_per_doc: documentTokens } = fields
  if (query === '') throw fieldError('query', 'query must not be empty', 'missing_required_parameter')
  const documents = readDocuments(fields.documents)
  if (topCount !== undefined && topCount < 1) throw fieldError('top_n', 'top_n must be at least 1')
  if (documentTokens !== undefined && documentTokens < 1) throw fieldError('max_tokens_per_doc', 'max_tokens_per_doc must be at least 1')
  const keepAliveNs = readKeepAlive(fields.keep_alive, warnings)
  const headers = toWarningHeaders(warnings)
  return runStage(async () => {
    const reply = await service.rerank(
      {
        model,
        query,
        documents,
        options: toOptions(fields),
        ...(truncation === undefined ? {} : { truncate: truncation }),
        ...(documentTokens === undefined ? {} : { documentTokens }),
        ...(keepAliveNs === undefined ? {} : { keepAliveNs }),
      },
      request.signal,
    )
    const dropped = toDropped(reply)
    const body: RerankBody = {
      id: createId('rerank-'),
      object: 'list',
      model,
      results: toResults(reply.scores, fields.return_documents ? documents : undefined).slice(0, topCount),
      usage: { prompt_tokens: reply.promptTokens, total_tokens: reply.promptTokens, ...dropped },
      meta: { tokens: { input_tokens: reply.promptTokens, output_tokens: 0 } },
    }
    return json(body, { contentType: JSON_WITHOUT_CHARSET, headers: { ...headers, ...truncatedHeaders(dropped) } })
  })
}

/** The best first; of equals the one that was sent first. */
function toResults(scores: readonly number[], documents: readonly string[] | undefined): RerankResult[] {
  return scores
    .map((score, index) => ({ index, relevance_score: score, ...(documents ? { document: { text: documents[index] ?? '' } } : {}) }))
    .sort((a, b) => b.relevance_score - a.relevance_score)
}

function readDocuments(documents: unknown): string[] {
  if (documents === undefined || (Array.isArray(documents) && documents.length === 0)) {
    throw fieldError('documents', 'documents must not be empty', 'missing_required_parameter')
  }
  if (!Array.isArray(documents)) throw fieldError('documents', 'documents must be a list of texts', 'invalid_type')
  if (documents.length > MAX_DOCUMENTS) throw fieldError('documents', `documents must not have more than ${MAX_DOCUMENTS} items`)
  return documents.map((document: unknown, index) => {
    if (typeof document === 'string') return document
    if (isRecord(document) && typeof document.text === 'string') return document.text
    throw unsupported(`documents[${index}]`, 'a document must be a text, or an object with a text', 'invalid_type')
  })
}

function toOptions({ options, num_ctx: contextTokens }: WireRerankRequest): Record<string, unknown> {
  return { ...readOptions(options), ...(contextTokens === undefined ? {} : { num_ctx: contextTokens }) }
}
