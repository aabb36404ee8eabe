import { AppError, isAppError } from '../../base/errors.ts'
import { empty, type Reply } from '../kernel/reply.ts'
import type { HttpRequest } from '../kernel/request.ts'
import type { NativeContext } from './context.ts'

export async function handleHasBlob({ params }: HttpRequest, { service }: NativeContext): Promise<Reply> {
  const digest = params.digest ?? ''
  if (await service.hasBlob(digest)) return empty()
  throw new AppError('blob_not_found', `blob ${JSON.stringify(digest)} not found`, { details: { digest } })
}

export async function handlePutBlob({ params, bodyStream, signal }: HttpRequest, { service }: NativeContext): Promise<Reply> {
  const digest = params.digest ?? ''
  try {
    const { created } = await service.putBlob(digest, bodyStream, signal)
    return empty(created ? 201 : 200)
  } catch (error) {
    throw isAppError(error, 'digest_mismatch') ? asSent(digest, error) : error
  }
}

/** wire: the digest is said as the client wrote it, with a dash or in capitals. */
function asSent(digest: string, mismatch: AppError): AppError {
  const { details } = mismatch
  return new AppError('digest_mismatch', `digest mismatch, expected "${digest}", got "${details.actual}"`, { cause: mismatch, details })
}
