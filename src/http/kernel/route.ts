import type { AppError } from '../../base/errors.ts'
import type { Reply, WholeReply } from './reply.ts'
import type { HttpRequest } from './request.ts'

/** In the order in which `Allow` lists them. */
export const METHODS = ['HEAD', 'GET', 'POST', 'DELETE'] as const
export type Method = (typeof METHODS)[number]

export interface Route {
  method: Method
  /** Parts that begin with a colon match one part of the path and become a param. */
  path: string
  handle(request: HttpRequest): Reply | Promise<Reply>
  /** What the handler threw, in the words of its dialect. */
  fail(error: AppError): WholeReply
}
