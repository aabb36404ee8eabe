// Streams, a clock, a server and the whole command line over them, which tests hold in their hands.

import type { Client } from '../../api/client.ts'
import type { Clock, Timer } from '../../base/clock.ts'
import { runCli } from '../cli.ts'
import type { InputStream, OutputStream } from '../io.ts'
import type { CliConfig, Context, Processes } from '../verb.ts'

export interface TestClock extends Clock {
  advance(milliseconds: number): void
}

export function createTestClock(startMs = 0): TestClock {
  let nowMs = startMs
  let pending: { atMs: number; task: () => void }[] = []
  return {
    nowMs: () => nowMs,
    monotonicNs: () => nowMs * 1e6,
    after(delayMs, task): Timer {
      const entry = { atMs: nowMs + delayMs, task }
      pending.push(entry)
      return {
        cancel() {
          pending = pending.filter((other) => other !== entry)
        },
      }
    },
    advance(milliseconds) {
      const endMs = nowMs + milliseconds
      for (;;) {
        const next = pending.filter((entry) => entry.atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0]
        if (!next) break
        pending = pending.filter((entry) => entry !== next)
        nowMs = next.atMs
        next.task()
      }
      nowMs = endMs
    },
  }
}

export interface TestOutput extends OutputStream {
  readonly text: string
  reset(): void
}

export function createTestOutput(shape: { isTTY?: boolean; columns?: number; rows?: number } = {}): TestOutput {
  let text = ''
  return {
    ...shape,
    get text() {
      return text
    },
    write(piece) {
      text += piece
    },
    reset() {
      text = ''
    },
  }
}

export interface TestInput extends InputStream {
  /** What a terminal would send. */
  type(text: string): void
  end(): void
  readonly raw: boolean
}

export function createTestInput(shape: { isTTY?: boolean; text?: string } = {}): TestInput {
  const listeners: { data: ((bytes: string) => void)[]; end: (() => void)[] } = { data: [], end: [] }
  let raw = false
  return {
    isTTY: shape.isTTY,
    get raw() {
      return raw
    },
    setRawMode(on) {
      raw = on
    },
    on(event: 'data' | 'end', listener: ((bytes: string) => void) | (() => void)) {
      listeners[event].push(listener as () => void)
    },
    resume() {},
    pause() {},
    type(text) {
      for (const listener of listeners.data) listener(text)
    },
    end() {
      for (const listener of listeners.end) listener()
    },
    async *[Symbol.asyncIterator]() {
      if (shape.text !== undefined) yield Buffer.from(shape.text)
    },
  }
}

export interface TestCli {
  run(...words: string[]): Promise<number>
  input: TestInput
  out: TestOutput
  err: TestOutput
  clock: TestClock
  /** The terminal says that it has another size. */
  resize(): void
  /** Ctrl-C from outside. */
  interrupt(): void
  context: Context
}

export interface TestCliShape {
  client?: Partial<Client>
  processes?: Partial<Processes>
  config?: Partial<CliConfig>
  program?: string
  input?: { isTTY?: boolean; text?: string }
  terminal?: boolean
  color?: boolean
  onSuspend?: () => void
  serve?: () => Promise<number>
  diagnose?: Context['diagnose']
}

/** The command line with a server that has only the calls of `client`; any other one fails the test. */
export function createTestCli(shape: TestCliShape = {}): TestCli {
  const input = createTestInput(shape.input ?? { text: '' })
  const terminal = shape.terminal ? { isTTY: true, columns: 80, rows: 24 } : {}
  const out = createTestOutput(terminal)
  const err = createTestOutput(terminal)
  const clock = createTestClock(Date.parse('2026-08-21T12:00:00Z'))
  const interruptListeners = new Set<() => void>()
  const resizeListeners = new Set<() => void>()
  const context: Context = {
    program: shape.program ?? 'ollama',
    config: {
      serverUrl: 'http://127.0.0.1:11434',
      home: '/nowhere',
      noHistory: true,
      editor: undefined,
      warnings: [],
      version: '0.1.0',
      ollamaVersion: '1.0.0',
      ...shape.config,
    },
    io: {
      stdin: input,
      stdout: out,
      stderr: err,
      onInterrupt(listener) {
        interruptListeners.add(listener)
        return () => void interruptListeners.delete(listener)
      },
      suspend: () => shape.onSuspend?.(),
      color: shape.color ?? true,
      onResize(listener) {
        resizeListeners.add(listener)
        return () => void resizeListeners.delete(listener)
      },
    },
    clock,
    client: strict<Client>('client', {
      version: async () => '1.0.0',
      tags: async () => ({ models: [] }),
      versions: async () => ({ version: '1.0.0', llamero: '0.1.0' }),
      ...shape.client,
    }),
    processes: strict<Processes>('processes', { sleep: async () => {}, ...shape.processes }),
    diagnose: shape.diagnose ?? (async () => []),
    serve: shape.serve ?? (async () => 0),
  }
  return {
    run: (...words) => runCli({ ...context, argv: words }),
    input,
    out,
    err,
    clock,
    resize: () => {
      for (const listener of resizeListeners) listener()
    },
    interrupt: () => {
      for (const listener of interruptListeners) listener()
    },
    context,
  }
}

/** The parts of a stream. */
export async function* parts<T>(...items: T[]): AsyncGenerator<T> {
  yield* items
}

function strict<T extends object>(what: string, known: Partial<T>): T {
  return new Proxy(known, {
    get(target, name) {
      if (name in target) return Reflect.get(target, name)
      return () => {
        throw new Error(`the test's ${what} has no ${String(name)}`)
      }
    },
  }) as T
}
