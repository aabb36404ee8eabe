// Shows what the server reports of a pull, a push or a create: bars and lines for people, or its records as they come.

import type { ProgressBody } from '../api/transfer.ts'
import { AppError } from '../base/errors.ts'
import { printJsonLine } from './json.ts'
import { createProgressDisplay, type ProgressDisplay } from './terminal/progress.ts'
import type { Context } from './verb.ts'

export interface TransferLook {
  /** The words before a bar. */
  label(part: ProgressBody): string
  /** Whether a bar waits until the first bytes are there. */
  hideEmpty: boolean
}

export async function followTransfer(
  { io, clock }: Context,
  parts: AsyncIterable<ProgressBody>,
  { json, ...look }: TransferLook & { json: boolean },
): Promise<void> {
  if (json) return printTransfer(parts, (part) => printJsonLine(io, part))
  const display = createProgressDisplay(io.stderr, clock)
  try {
    await showTransfer(parts, display, look)
  } finally {
    display.stop()
  }
}

/** Ends when the server does. The display stays open, so that the caller decides whether its lines stay. */
export async function showTransfer(parts: AsyncIterable<ProgressBody>, display: ProgressDisplay, look: TransferLook): Promise<void> {
  let status: string | undefined
  for await (const part of parts) {
    if (part.digest) {
      if (look.hideEmpty && !part.completed) continue
      display.bar(part.digest, { label: look.label(part), totalBytes: part.total ?? 0, currentBytes: part.completed ?? 0 })
      status = undefined
    } else if (part.status !== status) {
      status = part.status
      display.status(status)
    }
  }
  requireSuccess(status)
}

export async function printTransfer(parts: AsyncIterable<ProgressBody>, print: (part: ProgressBody) => void): Promise<void> {
  let status: string | undefined
  for await (const part of parts) {
    print(part)
    status = part.status
  }
  requireSuccess(status)
}

function requireSuccess(status: string | undefined): void {
  if (status !== 'success') throw new AppError('internal', 'the server ended the transfer without saying that it succeeded')
}
