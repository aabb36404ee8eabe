import { decodeBody } from '../../api/decode.ts'
import { type DetokenizeResponseBody, detokenizeRequest, type TokenizeResponseBody, tokenizeRequest } from '../../api/tokenize.ts'
import { json, type Reply } from '../kernel/reply.ts'
import type { HttpRequest } from '../kernel/request.ts'
import type { NativeContext } from './routes.ts'
import { present } from './wire.ts'

export async function handleTokenize(request: HttpRequest, { service }: NativeContext): Promise<Reply> {
  const { model = '', text = '', options, keep_alive: keepAliveNs } = decodeBody(await request.readBody(), tokenizeRequest)
  const tokens = await service.tokenize({ model, text, ...present({ options, keepAliveNs }) }, request.signal)
  const body: TokenizeResponseBody = { model, tokens }
  return json(body)
}

export async function handleDetokenize(request: HttpRequest, { service }: NativeContext): Promise<Reply> {
  const { model = '', tokens = [], options, keep_alive: keepAliveNs } = decodeBody(await request.readBody(), detokenizeRequest)
  const text = await service.detokenize({ model, tokens, ...present({ options, keepAliveNs }) }, request.signal)
  const body: DetokenizeResponseBody = { model, text }
  return json(body)
}
