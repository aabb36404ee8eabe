import { type DetokenizeResponseBody, detokenizeRequest, type TokenizeResponseBody, tokenizeRequest } from '../../api/tokenize.ts'
import { json, type Reply } from '../kernel/reply.ts'
import type { HttpRequest } from '../kernel/request.ts'
import type { NativeContext } from './context.ts'
import { decodeFields } from './fields.ts'
import { present } from './wire.ts'

export async function handleTokenize(request: HttpRequest, { service, unused }: NativeContext): Promise<Reply> {
  const { model = '', text = '', options, keep_alive: keepAliveNs } = decodeFields(await request.readBody(), unused, tokenizeRequest)
  const tokens = await service.tokenize({ model, text, ...present({ options, keepAliveNs }) }, request.signal)
  const body: TokenizeResponseBody = { model, tokens }
  return json(body)
}

export async function handleDetokenize(request: HttpRequest, { service, unused }: NativeContext): Promise<Reply> {
  const { model = '', tokens = [], options, keep_alive: keepAliveNs } = decodeFields(await request.readBody(), unused, detokenizeRequest)
  const text = await service.detokenize({ model, tokens, ...present({ options, keepAliveNs }) }, request.signal)
  const body: DetokenizeResponseBody = { model, text }
  return json(body)
}
