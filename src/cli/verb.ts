// What a verb is: how it is called, what it prints as help, and what it does. cli.ts has the table of them.

import type { Client } from '../api/client.ts'
import type { CheckBody } from '../api/maintenance.ts'
import type { Clock } from '../base/clock.ts'
import type { VARIABLES } from '../config/variables.ts'
import type { FlagTable, Invocation } from './arguments.ts'
import type { CliIo } from './io.ts'

export interface CliConfig {
  /** What a client of this machine uses: scheme, host, port, base path. */
  serverUrl: string
  /** LLAMERO_API_KEY, for programs that are started over the server; the client has it already. */
  apiKey?: string | undefined
  /** Folder of the log and of the prompt's history. */
  home: string
  noHistory: boolean
  /** Command for Ctrl-G; undefined = a default editor. */
  editor: string | undefined
  /** What could not be understood in the environment. */
  warnings: readonly string[]
  /** Llamero's own. */
  version: string
  /** Of the Ollama that it stands in for: what `ollama --version` prints. */
  ollamaVersion: string
}

export interface Processes {
  /** A server in the background that outlives this process; `exited` resolves if it ends. */
  startServer(logFile: string): { pid: number | undefined; exited: Promise<void> }
  /** Runs the command with the file as its last argument on this terminal. Throws `not_supported` when there is no such program. */
  runEditor(command: string, file: string): Promise<void>
  /** Runs it on this terminal with more variables. The exit status, or undefined when there is no such program. */
  runProgram(program: string, words: readonly string[], environment: Readonly<Record<string, string>>): Promise<number | undefined>
  /** Waits; unlike a Clock's timer it keeps the process alive. */
  sleep(milliseconds: number): Promise<void>
}

export interface Context {
  /** The name this program was called by: `llamero` or `ollama`. */
  program: string
  config: CliConfig
  io: CliIo
  clock: Clock
  client: Client
  processes: Processes
  /** The server's part of `doctor` in this process, for when there is none. */
  diagnose(): Promise<CheckBody[]>
  /** Runs the server in this process until it is told to stop; gives the exit status. */
  serve(): Promise<number>
}

export interface ArgumentRule {
  min: number
  max: number
}

export interface Verb {
  name: string
  aliases?: readonly string[]
  hidden?: boolean
  /** After the program's name: `create MODEL`. */
  usage: string
  summary: string
  arguments: ArgumentRule
  flags: FlagTable
  /** What its arguments are, for the shell's completion. */
  completes?: 'models' | 'running' | 'verbs' | readonly string[]
  /** Environment variables that its help lists. */
  variables: readonly (keyof typeof VARIABLES)[]
  /** The exit status. Errors are thrown. */
  run(context: Context, invocation: Invocation): Promise<number>
}

export const NO_ARGUMENTS: ArgumentRule = { min: 0, max: 0 }
export const ONE_ARGUMENT: ArgumentRule = { min: 1, max: 1 }
export const ANY_ARGUMENTS: ArgumentRule = { min: 0, max: Number.POSITIVE_INFINITY }
