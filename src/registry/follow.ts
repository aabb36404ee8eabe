// A GET that follows redirects. The session decides about each step anew: credentials go to the registry only, and a public registry
// leads to public addresses only.

import { AppError } from '../base/errors.ts'
import type { HttpReply } from './http-client.ts'
import type { Session, SessionRequest } from './session.ts'

export const MAX_REDIRECTS = 10
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308]

export interface Followed {
  reply: HttpReply
  url: URL
  /** Headers of the redirects on the way. */
  redirects: HttpReply['headers'][]
}

/** The first answer that is no redirect, and who gave it. Throws `registry_error` after too many. */
export async function follow(session: Session, from: URL, request: Omit<SessionRequest, 'method' | 'target'>): Promise<Followed> {
  const redirects: HttpReply['headers'][] = []
  let url = from
  while (redirects.length <= MAX_REDIRECTS) {
    const reply = await session.request({ ...request, method: 'GET', target: url })
    if (!REDIRECTS.includes(reply.status)) return { reply, url, redirects }
    reply.discard()
    redirects.push(reply.headers)
    url = session.resolve(reply.headers.location, url)
  }
  throw new AppError('registry_error', `maximum redirects exceeded (${MAX_REDIRECTS}) for directURL`)
}
