import { streamed } from './server.ts'
import type { TransferSettings } from './transfer-flags.ts'
import { followTransfer } from './transfer-progress.ts'
import type { Context } from './verb.ts'

export interface PullOptions extends TransferSettings {
  json: boolean
}

export async function pullModel(context: Context, model: string, { json, ...settings }: PullOptions): Promise<void> {
  const parts = streamed(context.client.pull({ model, ...settings }))
  await followTransfer(context, parts, { label: labelPull, hideEmpty: true, json })
}

/** The words before a bar of a pull. */
export function labelPull({ digest = '' }: { digest?: string }): string {
  return `pulling ${digest.startsWith('sha256:') ? digest.slice('sha256:'.length).slice(0, 12) : digest}:`
}
