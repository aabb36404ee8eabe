// What Ollama offers with an account on its cloud. Llamero has neither, and says so in the words that Ollama uses with its cloud switched off.

import { parseBody } from '../../api/decode.ts'
import { AppError } from '../../base/errors.ts'
import { json, type Reply } from '../kernel/reply.ts'
import type { HttpRequest } from '../kernel/request.ts'

export function handleStatus(): Reply {
  return json({ cloud: { disabled: true, source: 'config' } })
}

export function handleMe(): Reply {
  throw new AppError('unauthorized', 'unauthorized')
}

export function handleSignout(): Reply {
  throw new AppError('unauthorized', 'you are not currently signed in')
}

export async function handleWebSearch(request: HttpRequest): Promise<Reply> {
  parseBody(await request.readBody())
  throw new AppError('cloud_disabled', 'ollama cloud is disabled: web search is unavailable')
}

export async function handleWebFetch(request: HttpRequest): Promise<Reply> {
  parseBody(await request.readBody())
  throw new AppError('cloud_disabled', 'ollama cloud is disabled: web fetch is unavailable')
}

/** Ollama recommends models of its cloud and its library; we have none to recommend. */
export function handleRecommendations(): Reply {
  return json({ recommendations: [] })
}
