import { untilInterrupted } from './interrupt.ts'
import { streamed } from './server.ts'
import type { TransferSettings } from './transfer-flags.ts'
import { followTransfer } from './transfer-progress.ts'
import type { Context } from './verb.ts'

export interface PullOptions extends TransferSettings {
  json: boolean
}

export async function pullModel(context: Context, model: string, { json, ...settings }: PullOptions): Promise<void> {
  await untilInterrupted(context.io, stoppedNote(context, `pull ${model}`), async (signal) => {
    const parts = streamed(context.client.pull({ model, ...settings }, signal))
    await followTransfer(context, parts, { label: labelPull, hideEmpty: true, json })
  })
}

/** What the user reads who interrupted a pull. */
export function stoppedNote({ program }: Context, again: string): string {
  return `Stopped. What has arrived is kept: '${program} ${again}' goes on from there.`
}

/** The words before a bar of a pull. */
export function labelPull({ digest = '' }: { digest?: string }): string {
  return `pulling ${digest.startsWith('sha256:') ? digest.slice('sha256:'.length).slice(0, 12) : digest}:`
}
