// One reply from the server onto the screen, for the single prompt and for the chat: spinner until the first text, Ctrl-C, figures.

import type { MetricsBody, TruncationBody } from '../../api/generate.ts'
import { AppError } from '../../base/errors.ts'
import { streamed } from '../server.ts'
import { createProgressDisplay } from '../terminal/progress.ts'
import type { Context } from '../verb.ts'
import { formatFigures, noteTruncation } from './figures.ts'
import { createReplyPrinter, type ReplyPiece } from './reply-printer.ts'
import type { RunSettings } from './settings.ts'

export interface PrintedReply {
  text: string
  thinking: string
}

interface ReplyPart extends MetricsBody, TruncationBody {
  done: boolean
}

export interface ReplySource<T extends ReplyPart> {
  parts(signal: AbortSignal): AsyncIterable<T>
  piece(part: T): ReplyPiece
  /** Ctrl-C; the prompt's reader has its own. */
  onInterrupt(listener: () => void): () => void
  /** False for a call that only loads the model: nothing ends its output. */
  endsLine: boolean
}

/** Undefined when the user interrupted it. */
export async function printReply<T extends ReplyPart>(
  context: Context,
  settings: RunSettings,
  source: ReplySource<T>,
): Promise<PrintedReply | undefined> {
  const { io, clock } = context
  const controller = new AbortController()
  const release = source.onInterrupt(() => controller.abort())
  const display = createProgressDisplay(io.stderr, clock)
  const printer = createReplyPrinter(io, settings)
  display.status('')
  try {
    let last: T | undefined
    for await (const part of streamed(source.parts(controller.signal))) {
      const piece = source.piece(part)
      if (piece.text !== '' || !settings.hideThinking) display.clear()
      printer.push(piece)
      last = part
    }
    display.clear()
    if (source.endsLine) io.stdout.write('\n\n')
    if (!last?.done) throw new AppError('internal', 'the server ended the reply in the middle')
    if (settings.verbose) io.stderr.write(formatFigures(last))
    await noteTruncation(context, settings.model, last)
    return { text: printer.text, thinking: printer.thinking }
  } catch (error) {
    if (controller.signal.aborted) return undefined
    throw error
  } finally {
    release()
    display.clear()
  }
}
