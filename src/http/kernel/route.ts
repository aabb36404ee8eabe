import type { AppError } from '../../base/errors.ts'
import type { Reply, WholeReply } from './reply.ts'
import type { HttpRequest } from './request.ts'

/** In the order in which `Allow` lists them. */
export const METHODS = ['HEAD', 'GET', 'POST', 'DELETE'] as const
export type Method = (typeof METHODS)[number]

export interface Route {
  method: Method
  /** Parts that begin with a colon match one part of the path and become a param; a last one that begins with a star takes all that follow. */
  path: string
  handle(request: HttpRequest): Reply | Promise<Reply>
  /** What the handler threw, in the words of its dialect. */
  fail: Fail
  /** Served to those too who bring no key: nothing of this server is in it. */
  isOpen?: boolean
}

export type Fail = (error: AppError) => WholeReply
export type Handler<Context> = (request: HttpRequest, context: Context) => Reply | Promise<Reply>
export type AddRoute<Context> = (method: Method, path: string, fail: Fail, handler: Handler<Context>) => Route

/** Makes the routes of one dialect, whose handlers all work in the same context. */
export function routesOver<Context>(context: Context): AddRoute<Context> {
  return (method, path, fail, handler) => ({ method, path, handle: (request) => handler(request, context), fail })
}
