import { AppError } from '../../base/errors.ts'
import { empty, type Reply } from '../kernel/reply.ts'
import type { HttpRequest } from '../kernel/request.ts'
import type { NativeContext } from './routes.ts'

export async function handleHasBlob({ params }: HttpRequest, { service }: NativeContext): Promise<Reply> {
  const digest = params.digest ?? ''
  if (await service.hasBlob(digest)) return empty()
  throw new AppError('blob_not_found', `blob ${JSON.stringify(digest)} not found`, { details: { digest } })
}

export async function handlePutBlob({ params, bodyStream, signal }: HttpRequest, { service }: NativeContext): Promise<Reply> {
  const { created } = await service.putBlob(params.digest ?? '', bodyStream, signal)
  return empty(created ? 201 : 200)
}
