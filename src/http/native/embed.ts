import { type EmbeddingsResponseBody, type EmbedResponseBody, embeddingsRequest, embedRequest } from '../../api/embed.ts'
import { AppError } from '../../base/errors.ts'
import { parseModelReference } from '../../service/model-reference.ts'
import { shortenFloat32 } from '../float32.ts'
import { json, type Reply } from '../kernel/reply.ts'
import type { HttpRequest } from '../kernel/request.ts'
import { TRUNCATED } from '../truncated.ts'
import type { NativeContext } from './context.ts'
import { decodeFields } from './fields.ts'
import { omitEmpty, present, wholeNs } from './wire.ts'

export async function handleEmbed(request: HttpRequest, { service, unused }: NativeContext): Promise<Reply> {
  const wire = decodeFields(await request.readBody(), unused, embedRequest)
  const model = wire.model ?? ''
  const inputs = toInputs(wire.input, model)
  const { truncate, dimensions, options, keep_alive: keepAliveNs } = wire
  const reply = await service.embed({ model, inputs, ...present({ truncate, dimensions, options, keepAliveNs }) }, request.signal)
  const { droppedTokens } = reply
  const body: EmbedResponseBody = {
    model,
    embeddings: reply.embeddings.map((vector) => Array.from(vector, shortenFloat32)),
    // wire: without an input there is nothing that took time.
    ...(inputs.length === 0
      ? {}
      : omitEmpty({
          total_duration: wholeNs(reply.totalNs),
          load_duration: wholeNs(reply.loadNs),
          prompt_eval_count: reply.promptTokens,
        })),
    ...(droppedTokens ? { truncated: true, prompt_dropped_tokens: droppedTokens } : {}),
  }
  return json(body, droppedTokens ? { headers: TRUNCATED } : {})
}

export async function handleEmbeddings(request: HttpRequest, { service, unused }: NativeContext): Promise<Reply> {
  const { model = '', prompt = '', options, keep_alive: keepAliveNs } = decodeFields(await request.readBody(), unused, embeddingsRequest)
  const inputs = prompt === '' ? [] : [prompt]
  const { embeddings } = await service.embed(
    { model, inputs, truncate: false, normalize: false, ...present({ options, keepAliveNs }) },
    request.signal,
  )
  // wire: numbers of 32 bits, written out as 64.
  const body: EmbeddingsResponseBody = { embedding: Array.from(embeddings[0] ?? []) }
  return json(body)
}

/** wire: an empty text alone is no input; in a list it is one. A name that is none is said first. */
function toInputs(input: unknown, model: string): string[] {
  if (input === undefined || input === '') return []
  if (typeof input === 'string') return [input]
  if (Array.isArray(input) && input.every((item) => typeof item === 'string')) return input
  parseModelReference(model)
  throw new AppError('invalid_request', 'invalid input type', { details: { param: 'input' } })
}
