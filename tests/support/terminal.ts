// A real terminal: a program inside tmux, keys in, screen out. The tmux server is a child of the test, on a socket of its own.

import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

export interface Terminal {
  /** As it would be typed, without a line break. */
  type(text: string): void
  /** By tmux's names: `Enter`, `C-c`, `M-b`, `Left`. */
  press(...keys: string[]): void
  /** With bracketed paste where the program asked for it. */
  paste(text: string): void
  resize(columns: number, rows: number): void
  /** The rows, without the blanks behind them. */
  screen(): string[]
  cursor(): { row: number; column: number }
  /** The rows once they hold the text. Rejects with what is on the screen after 30 seconds. */
  until(text: string | RegExp): Promise<string[]>
  close(): Promise<void>
}

export interface TerminalOptions {
  environment: NodeJS.ProcessEnv
  columns?: number
  rows?: number
}

const WAIT_MS = 30_000
/** Keeps the window when the program has ended, so that its last screen can be read. */
const SETTINGS = 'set -g remain-on-exit on\nset -g status off\nset -g escape-time 0\n'

/** Why the tests with it cannot run here, or undefined. CI installs it, so that there an absence is a failure. */
export function missingTmux(): string | undefined {
  if (spawnSync('tmux', ['-V']).status === 0) return undefined
  const reason = 'tmux is not installed (Debian: apt-get install tmux)'
  if (process.env.CI === 'true') throw new Error(reason)
  console.warn(`skipped: ${reason}`)
  return reason
}

export async function openTerminal(words: readonly string[], { environment, columns = 80, rows = 24 }: TerminalOptions): Promise<Terminal> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'llamero-tmux-'))
  const settings = path.join(folder, 'tmux.conf')
  writeFileSync(settings, SETTINGS)
  const socket = path.join(folder, 'socket')
  const env = { ...environment, TERM: 'xterm-256color', LC_ALL: 'C.UTF-8' }
  const server = spawn('tmux', ['-D', '-u', '-S', socket, '-f', settings], { env, stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = once(server, 'exit')
  const tmux = (parameters: string[], input?: string): string => {
    const call = spawnSync('tmux', ['-u', '-S', socket, ...parameters], {
      env,
      encoding: 'utf8',
      ...(input === undefined ? {} : { input }),
    })
    if (call.status !== 0) throw new Error(`tmux ${parameters[0]}: ${call.stderr}`)
    return call.stdout
  }
  await untilListening(socket)
  tmux(['new-session', '-d', '-s', 'test', '-x', String(columns), '-y', String(rows), '--', ...words])
  const changes = watchChanges(spawn('tmux', ['-u', '-S', socket, '-C', 'attach', '-f', 'ignore-size', '-t', 'test'], { env }))
  const screen = (): string[] => tmux(['capture-pane', '-p', '-t', 'test']).trimEnd().split('\n')

  return {
    type: (text) => void tmux(['send-keys', '-t', 'test', '-l', '--', text]),
    press: (...keys) => void tmux(['send-keys', '-t', 'test', '--', ...keys]),
    paste(text) {
      tmux(['load-buffer', '-'], text)
      tmux(['paste-buffer', '-p', '-t', 'test'])
    },
    resize: (newColumns, newRows) => void tmux(['resize-window', '-t', 'test', '-x', String(newColumns), '-y', String(newRows)]),
    screen,
    cursor() {
      const [column, row] = tmux(['display-message', '-p', '-t', 'test', '#{cursor_x} #{cursor_y}']).split(' ').map(Number)
      return { row: row ?? 0, column: column ?? 0 }
    },
    async until(text) {
      const deadline = AbortSignal.timeout(WAIT_MS)
      const over = once(deadline, 'abort')
      for (;;) {
        const seen = changes.count()
        const rowsNow = screen()
        const whole = rowsNow.join('\n')
        if (typeof text === 'string' ? whole.includes(text) : text.test(whole)) return rowsNow
        if (deadline.aborted) throw new Error(`the screen never showed ${text}:\n${whole}`)
        await Promise.race([changes.after(seen), over])
      }
    },
    async close() {
      changes.stop()
      server.kill()
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function untilListening(socket: string): Promise<void> {
  const deadline = performance.now() + WAIT_MS
  while (spawnSync('tmux', ['-S', socket, 'list-sessions']).stderr.toString().includes('error connecting')) {
    if (performance.now() > deadline) throw new Error('tmux does not start')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** tmux tells a client in control mode of all output of the program. */
function watchChanges(client: ChildProcessWithoutNullStreams) {
  let count = 0
  let wake = (): void => {}
  client.on('error', () => {})
  client.stdout.on('data', () => {
    count++
    wake()
  })
  return {
    count: () => count,
    /** Resolves when there were more than `seen`. */
    async after(seen: number): Promise<void> {
      if (count !== seen) return
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    },
    stop: () => void client.kill(),
  }
}
