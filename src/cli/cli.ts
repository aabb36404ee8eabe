// The command line: finds the verb, reads its flags, runs it, and turns what it throws into `Error: ...` on standard error and exit status 1.

import type { Client } from '../api/client.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import { isAppError } from '../base/errors.ts'
import { checkArgumentCount, parseArguments, usageError } from './arguments.ts'
import { PROGRAM_FLAGS, runBareProgram } from './bare-program.ts'
import { printCandidates } from './completion/complete.ts'
import { COMPLETE_WORD } from './completion/scripts.ts'
import { formatProgramHelp, formatVerbHelp } from './help.ts'
import { INTERRUPTED_STATUS, isInterrupted } from './interrupt.ts'
import type { CliIo } from './io.ts'
import { describeUnreachable, isUnreachable } from './server.ts'
import { withSimilarModels } from './similar-models.ts'
import { formatSuggestions, suggestNames } from './suggest.ts'
import type { CliConfig, Context, Processes, Verb } from './verb.ts'
import { loginVerb, logoutVerb, signinVerb, signoutVerb } from './verbs/account.ts'
import { completionVerb } from './verbs/completion.ts'
import { cpVerb } from './verbs/cp.ts'
import { createVerb } from './verbs/create.ts'
import { doctorVerb } from './verbs/doctor.ts'
import { launchVerb } from './verbs/launch.ts'
import { listVerb } from './verbs/list.ts'
import { pruneVerb } from './verbs/prune.ts'
import { psVerb } from './verbs/ps.ts'
import { pullVerb } from './verbs/pull.ts'
import { pushVerb } from './verbs/push.ts'
import { rmVerb } from './verbs/rm.ts'
import { runVerb } from './verbs/run.ts'
import { serveVerb } from './verbs/serve.ts'
import { showVerb } from './verbs/show.ts'
import { stopVerb } from './verbs/stop.ts'
import { verifyVerb } from './verbs/verify.ts'
import { describeMismatch } from './version-mismatch.ts'

export interface CliOptions {
  /** The words after the program. */
  argv: readonly string[]
  /** The name it was called by; anything but `ollama` is shown as `llamero`. */
  program: string
  config: CliConfig
  io: CliIo
  client: Client
  processes: Processes
  serve(): Promise<number>
  diagnose: Context['diagnose']
  clock?: Clock
}

const VERBS: readonly Verb[] = [
  serveVerb,
  createVerb,
  showVerb,
  runVerb,
  stopVerb,
  pullVerb,
  pushVerb,
  signinVerb,
  loginVerb,
  signoutVerb,
  logoutVerb,
  listVerb,
  psVerb,
  cpVerb,
  rmVerb,
  pruneVerb,
  verifyVerb,
  doctorVerb,
  launchVerb,
  completionVerb,
]
const HELP_ENTRY = { name: 'help', summary: 'Help about any command' }

/** The exit status; never throws for what a user can cause. */
export async function runCli(options: CliOptions): Promise<number> {
  const { argv, config, io, client, processes, serve, diagnose, clock = systemClock } = options
  const program = options.program === 'ollama' ? 'ollama' : 'llamero'
  const context: Context = { program, config, io, clock, client, processes, serve, diagnose }
  try {
    return await dispatch(context, argv)
  } catch (error) {
    if (isInterrupted(error)) {
      io.stderr.write(`${error.message}\n`)
      return INTERRUPTED_STATUS
    }
    if (isAppError(error, 'cancelled')) return 0
    io.stderr.write(`Error: ${describe(error, context)}\n${await describeMismatch(context, error)}`)
    return 1
  }
}

async function dispatch(context: Context, argv: readonly string[]): Promise<number> {
  const { io, program } = context
  if (argv[0] === COMPLETE_WORD)
    return printCandidates(context, argv.slice(1), { verbs: [...VERBS, helpVerb], programFlags: PROGRAM_FLAGS })
  const name = argv.find((word) => !word.startsWith('-'))
  if (name === undefined || argv[0] === '--') return runBareProgram(context, argv, [...VERBS, helpVerb])
  const index = argv.indexOf(name)
  const words = [...argv.slice(0, index), ...argv.slice(index + 1)]
  if (name === HELP_ENTRY.name) return printHelp(context, words)
  const verb = findVerb(name)
  if (!verb) throw usageError(unknownCommand(name, program))
  const invocation = parseArguments(words, verb.flags)
  if (invocation.boolean('help')) {
    io.stdout.write(formatVerbHelp(program, verb))
    return 0
  }
  checkArgumentCount(invocation.positionals.length, verb.arguments)
  try {
    return await verb.run(context, invocation)
  } catch (error) {
    throw await withSimilarModels(context, verb, invocation.positionals[0], error)
  }
}

function printHelp({ io, program }: Context, words: readonly string[]): number {
  const [topic] = words.filter((word) => !word.startsWith('-'))
  const verb = topic === undefined ? undefined : findVerb(topic)
  if (topic !== undefined && !verb && topic !== HELP_ENTRY.name) throw usageError(unknownCommand(topic, program))
  io.stdout.write(verb ? formatVerbHelp(program, verb) : formatProgramHelp(program, [...VERBS, helpVerb], PROGRAM_FLAGS))
  return 0
}

/** Stands in the list of commands; printHelp does its work. */
const helpVerb: Verb = {
  ...HELP_ENTRY,
  usage: 'help [command]',
  arguments: { min: 0, max: 1 },
  completes: 'verbs',
  flags: {},
  variables: [],
  run: async () => 0,
}

function findVerb(name: string): Verb | undefined {
  return VERBS.find((verb) => verb.name === name || verb.aliases?.includes(name))
}

function unknownCommand(name: string, program: string): string {
  const names = suggestNames(
    name,
    [...VERBS, helpVerb].filter((verb) => !verb.hidden).map((verb) => verb.name),
  )
  return `unknown command ${JSON.stringify(name)} for "${program}"${formatSuggestions(names)}`
}

function describe(error: unknown, context: Context): string {
  if (isUnreachable(error)) return describeUnreachable(error, context)
  return error instanceof Error ? error.message : String(error)
}
