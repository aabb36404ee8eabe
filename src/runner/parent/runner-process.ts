// A child process that serves one model: its birth, its messages, its log and its death, without a word about what the messages mean. Exit is
// told once, after everything that the process has sent and written has been read. The only place that starts model processes.

import { type ChildProcess, fork } from 'node:child_process'
import type { Log } from '../../base/log.ts'
import type { ToChild, ToParent } from '../protocol.ts'
import type { RunnerExit } from '../runner.ts'
import { askChild } from './ask-child.ts'
import { EngineLog } from './engine-log.ts'

/** How the process is started: the program's entry, and what Node needs to run it. */
export interface RunnerEntry {
  path: string
  execArgv: readonly string[]
}

export interface RunnerProcessOptions {
  log: Log
  /** Absent for one that is asked one thing. */
  onMessage?: (message: ToParent) => void
  /** Of the engine's log. */
  onLine?: (line: string) => void
}

/** Asked to close, a process has this long, most of it to save what its slots hold; then it is told to terminate, and then killed. */
const CLOSE_WAIT_MS = 4000
const TERMINATE_WAIT_MS = 1000
/** After an exit its streams must close; a grandchild that holds them is not waited for longer. */
const STREAMS_WAIT_MS = 1000

export class RunnerProcess {
  readonly log: EngineLog
  readonly exited: Promise<RunnerExit>
  readonly #child: ChildProcess
  #exit: RunnerExit | undefined

  constructor(entry: RunnerEntry, { log, onMessage, onLine }: RunnerProcessOptions) {
    this.log = new EngineLog((line) => {
      log.debug(line, { runner: this.#child?.pid })
      onLine?.(line)
    })
    this.#child = fork(entry.path, ['runner'], {
      execArgv: [...entry.execArgv],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => this.log.write(text))
    this.#child.on('message', (message) => onMessage?.(message as ToParent))
    this.exited = this.#watchExit()
  }

  /** 0 when the process could not be started. */
  get processId(): number {
    return this.#child.pid ?? 0
  }

  /** Set once the process is gone. */
  get exit(): RunnerExit | undefined {
    return this.#exit
  }

  /** A message to a process that dies is lost; its exit tells. */
  send(message: ToChild): void {
    if (this.#child.connected) this.#child.send(message, () => {})
  }

  /** For a process that serves no model. Undefined when it has ended instead of an answer. */
  ask(question: ToChild): Promise<ToParent | undefined> {
    return askChild(this.#child, question, this.exited)
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  async close(): Promise<void> {
    this.send({ type: 'close' })
    if (await this.#exitsWithin(CLOSE_WAIT_MS)) return
    this.#child.kill('SIGTERM')
    if (await this.#exitsWithin(TERMINATE_WAIT_MS)) return
    this.kill()
    await this.exited
  }

  #watchExit(): Promise<RunnerExit> {
    return new Promise((resolve) => {
      const gone = (code: number | null, signal: NodeJS.Signals | null) => {
        if (this.#exit) return
        this.log.end()
        this.#exit = { code, signal, lastLines: this.log.lastLines }
        resolve(this.#exit)
      }
      this.#child.once('close', gone)
      this.#child.once('exit', (code, signal) => setTimeout(() => gone(code, signal), STREAMS_WAIT_MS).unref())
      this.#child.once('error', (error) => {
        this.log.write(`${error.message}\n`)
        if (this.#child.pid === undefined) gone(null, null)
      })
    })
  }

  async #exitsWithin(waitMs: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), waitMs)
    })
    try {
      return await Promise.race([this.exited.then(() => true), late])
    } finally {
      clearTimeout(timer)
    }
  }
}
