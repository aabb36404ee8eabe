import type { ShowResponseBody } from '../api/models.ts'
import { pullModel } from './pull-model.ts'
import { isNotFound } from './server.ts'
import type { TransferSettings } from './transfer-flags.ts'
import type { Context } from './verb.ts'

/** What the model is; one that is missing is pulled first. */
export async function showOrPull(context: Context, model: string, settings: TransferSettings): Promise<ShowResponseBody> {
  try {
    return await context.client.show({ model })
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
  await pullModel(context, model, { ...settings, json: false })
  return context.client.show({ model })
}
