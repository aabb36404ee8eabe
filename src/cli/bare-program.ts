// The program without a command: help, the versions, or on a terminal a choice among the models to chat with.

import { type FlagTable, parseArguments, usageError } from './arguments.ts'
import { chooseModel } from './choose-model.ts'
import { formatProgramHelp } from './help.ts'
import { JSON_FLAG } from './json.ts'
import type { Context, Verb } from './verb.ts'
import { runVerb } from './verbs/run.ts'
import { printVersion } from './verbs/version.ts'

export const PROGRAM_FLAGS: FlagTable = {
  version: { type: 'boolean', short: 'v', help: 'Show the version of the server and of this program' },
  json: { ...JSON_FLAG, help: 'With --version: print JSON' },
  verbose: { type: 'boolean', help: 'Show timings after a reply' },
  nowordwrap: { type: 'boolean', help: 'Do not wrap lines at words' },
}

/** The exit status. Throws `invalid_request` where nobody can choose. */
export async function runBareProgram(context: Context, words: readonly string[], verbs: readonly Verb[]): Promise<number> {
  const { client, io, program } = context
  const invocation = parseArguments(words, PROGRAM_FLAGS)
  if (invocation.boolean('help')) {
    io.stdout.write(formatProgramHelp(program, verbs, PROGRAM_FLAGS))
    return 0
  }
  if (invocation.boolean('version')) return printVersion(context, invocation.boolean('json'))
  await client.version()
  if (!io.stdin.isTTY || !io.stdout.isTTY) throw usageError(`a command is missing; '${program} --help' lists them`)
  const flags = ['verbose', 'nowordwrap'].filter((name) => invocation.boolean(name)).map((name) => `--${name}`)
  return chatWithChoice(context, flags)
}

/** An interactive chat with the model that the user chooses. The exit status. */
export async function chatWithChoice(context: Context, flags: readonly string[]): Promise<number> {
  const model = await chooseModel(context, 'enter chat')
  return model === undefined ? 0 : runVerb.run(context, parseArguments([model, ...flags], runVerb.flags))
}
