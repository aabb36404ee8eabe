// What /api/show tells about a model that matters for running it.

import type { ShowResponseBody } from '../../api/models.ts'

/** Whether it takes images or sound. Older servers tell by its metadata only. */
export function isMultimodal({ capabilities = [], projector_info = {}, model_info }: ShowResponseBody): boolean {
  if (capabilities.includes('vision') || capabilities.includes('audio')) return true
  return Object.keys(projector_info).length > 0 || Object.keys(model_info).some((key) => key.includes('.vision.'))
}

export function canThink({ capabilities = [] }: ShowResponseBody): boolean {
  return capabilities.includes('thinking')
}
