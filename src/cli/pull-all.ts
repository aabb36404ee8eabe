// `pull --all`: one model after the other, since each takes the whole line anyway. A failure is told and does not keep the others from their turn.

import { isInterrupted, untilInterrupted } from './interrupt.ts'
import { printJsonLine } from './json.ts'
import { labelPull, type PullOptions, stoppedNote } from './pull-model.ts'
import { fromLlamero, isUnreachable, streamed } from './server.ts'
import { createProgressDisplay } from './terminal/progress.ts'
import { printTransfer, showTransfer } from './transfer-progress.ts'
import type { Context } from './verb.ts'

/** The exit status: 1 when one of them failed. */
export async function pullAll(context: Context, options: PullOptions): Promise<number> {
  const { client, config, io } = context
  const { models } = await fromLlamero(client, config.serverUrl, client.origins())
  const before = await readDigests(client)
  const failed: string[] = []
  for (const { name, origin } of models) {
    if (origin === 'local') {
      if (options.json) printJsonLine(io, { model: name, status: 'skipped' })
      else io.stderr.write(`${name}: made on this machine, not from a registry\n`)
      continue
    }
    try {
      await pullOne(context, name, options)
    } catch (error) {
      if (isUnreachable(error) || isInterrupted(error)) throw error
      const message = error instanceof Error ? error.message : String(error)
      if (options.json) printJsonLine(io, { model: name, error: message })
      io.stderr.write(`Error: ${name}: ${message}\n`)
      failed.push(name)
    }
  }
  const after = await readDigests(client)
  const pulled = models.filter(({ name, origin }) => origin === 'registry' && !failed.includes(name))
  const updated = pulled.filter(({ name }) => before.get(name) !== after.get(name)).length
  if (!options.json) io.stdout.write(`${updated} updated, ${pulled.length - updated} unchanged, ${failed.length} failed\n`)
  return failed.length === 0 ? 0 : 1
}

async function pullOne(context: Context, model: string, options: PullOptions): Promise<void> {
  const note = stoppedNote(context, 'pull --all')
  await untilInterrupted(context.io, note, (signal) => showPull(context, model, { ...options, signal }))
}

async function showPull(
  { client, clock, io }: Context,
  model: string,
  { json, signal, ...settings }: PullOptions & { signal: AbortSignal },
): Promise<void> {
  const parts = streamed(client.pull({ model, ...settings }, signal))
  if (json) return printTransfer(parts, (part) => printJsonLine(io, { model, ...part }))
  io.stderr.write(`${model}:\n`)
  const display = createProgressDisplay(io.stderr, clock)
  try {
    await showTransfer(parts, display, { label: labelPull, hideEmpty: true })
  } finally {
    display.stop()
  }
}

async function readDigests(client: Context['client']): Promise<Map<string, string>> {
  const { models } = await client.tags()
  return new Map(models.map(({ name, digest }) => [name, digest]))
}
