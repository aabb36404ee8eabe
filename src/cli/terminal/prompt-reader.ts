// Reads lines from a terminal: owns its raw mode, the keys typed ahead, and what is drawn while a line is being typed. While no line is
// being read, Ctrl-C goes to the listener (it stops a reply), Ctrl-Z stops the process, and other keys wait.

import { type CliIo, columnsOf, rowsOf } from '../io.ts'
import { createKeyDecoder, type Key } from './keys.ts'
import { type LineOutcome, startLine, stepLine } from './line-editor.ts'
import { createLineView, type PromptShape } from './line-view.ts'
import { greyStyle } from './style.ts'

/** What ended the line; Ctrl-Z and Ctrl-L are dealt with here. */
export type PromptOutcome = Exclude<LineOutcome, { type: 'suspend' | 'clear-screen' }>

export interface PromptReader {
  read(shape: PromptShape, history: readonly string[], text?: string): Promise<PromptOutcome>
  /** For the time that something else owns the terminal (an editor). */
  release(): void
  acquire(): void
  /** Ctrl-C while no line is being read. */
  onInterrupt(listener: () => void): () => void
  close(): void
}

/** Keys typed ahead of the prompt; what comes after is dropped. */
const MAX_WAITING_KEYS = 4096
const PASTE_ON = '\x1b[?2004h'
const PASTE_OFF = '\x1b[?2004l'
const CLEAR_SCREEN = '\x1b[2J\x1b[1;1H'

export function openPromptReader(io: CliIo): PromptReader {
  const decoder = createKeyDecoder()
  const waiting: Key[] = []
  const interruptListeners = new Set<() => void>()
  let takeKey: ((key: Key) => void) | undefined
  let endLine: (() => void) | undefined
  let inputEnded = false
  let held = false

  const deliver = (key: Key): void => {
    if (takeKey) takeKey(key)
    else if (key.name === 'suspend') suspend()
    else if (key.name === 'interrupt' && interruptListeners.size > 0) {
      waiting.length = 0
      for (const listener of interruptListeners) listener()
    } else if (waiting.length < MAX_WAITING_KEYS) waiting.push(key)
  }
  const acquire = (): void => {
    if (held) return
    held = true
    io.stdin.setRawMode?.(true)
    io.stdin.resume()
    io.stdout.write(PASTE_ON)
  }
  const release = (): void => {
    if (!held) return
    held = false
    io.stdout.write(PASTE_OFF)
    io.stdin.setRawMode?.(false)
    io.stdin.pause()
  }
  const suspend = (): void => {
    release()
    io.suspend()
    acquire()
  }
  io.stdin.on('data', (bytes) => {
    if (held) for (const key of decoder.decode(bytes)) deliver(key)
  })
  io.stdin.on('end', () => {
    inputEnded = true
    endLine?.()
  })
  acquire()

  return {
    read(shape, history, text = '') {
      const look = { ...shape, grey: greyStyle(io.color) }
      const view = createLineView(look, () => ({ columns: columnsOf(io.stdout), rows: rowsOf(io.stdout) }))
      let state = startLine(history, text)
      io.stdout.write(view.draw(state))
      return new Promise((resolve) => {
        let open = true
        const releaseResize = io.onResize(() => void io.stdout.write(view.draw(state)))
        const finish = (outcome: PromptOutcome): void => {
          open = false
          releaseResize()
          takeKey = undefined
          endLine = undefined
          io.stdout.write(outcome.type === 'edit' ? view.erase() : view.finish(state))
          resolve(outcome)
        }
        endLine = () => finish({ type: 'end' })
        takeKey = (key) => {
          const step = stepLine(state, key, history)
          if (step.outcome?.type === 'suspend') suspend()
          else if (step.outcome?.type === 'clear-screen') io.stdout.write(CLEAR_SCREEN)
          else if (step.outcome) return finish(step.outcome)
          if (step.outcome) view.reset()
          state = step.state
          io.stdout.write(view.draw(state))
        }
        if (inputEnded) endLine()
        while (open && waiting.length > 0) takeKey(waiting.shift() as Key)
      })
    },
    release,
    acquire,
    onInterrupt(listener) {
      interruptListeners.add(listener)
      return () => void interruptListeners.delete(listener)
    },
    close: release,
  }
}
