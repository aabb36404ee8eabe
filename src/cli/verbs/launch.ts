import { AppError } from '../../base/errors.ts'
import { type Invocation, usageError } from '../arguments.ts'
import { chatWithChoice } from '../bare-program.ts'
import { chooseModel } from '../choose-model.ts'
import { findIntegration, INTEGRATIONS, type Integration, needsFiles, type Settings } from '../integrations.ts'
import { showOrPull } from '../show-or-pull.ts'
import { formatSuggestions, suggestNames } from '../suggest.ts'
import { ANY_ARGUMENTS, type Context, type Verb } from '../verb.ts'

export const launchVerb: Verb = {
  name: 'launch',
  usage: 'launch [INTEGRATION] [-- [EXTRA_ARGS...]]',
  summary: 'Start another program with a model',
  arguments: ANY_ARGUMENTS,
  completes: INTEGRATIONS.map(({ name }) => name),
  flags: {
    model: { type: 'string', help: 'Model to use; without it one can be chosen on a terminal' },
    config: { type: 'boolean', help: 'Print what the program would be started with, and do not start it' },
    restore: { type: 'boolean', help: 'Nothing is there to restore: settings of other programs are not changed' },
    yes: { type: 'boolean', short: 'y', help: 'Accepted for compatibility: nothing is asked' },
  },
  variables: ['host'],
  async run(context, invocation) {
    const { name, words } = readTarget(context.program, invocation)
    if (name === undefined) {
      if (!isInteractive(context)) throw usageError(`an integration is missing: ${INTEGRATIONS.map((each) => each.name).join(', ')}`)
      return chatWithChoice(context, [])
    }
    const integration = requireIntegration(context, name)
    if (invocation.boolean('restore')) throw usageError(`${integration.title} does not support --restore`)
    const model = await findModel(context, invocation)
    if (model === undefined) return 0
    const { serverUrl, apiKey } = context.config
    const settings = integration.settings({ url: serverUrl.replace(/\/+$/, ''), model, key: apiKey })
    if (invocation.boolean('config')) {
      context.io.stdout.write(formatCommand(integration, settings, words))
      return 0
    }
    return start(context, integration, { ...settings, words: [...settings.words, ...words] })
  },
}

/** The program's name, and the words that are its own. */
function readTarget(program: string, invocation: Invocation): { name: string | undefined; words: readonly string[] } {
  const { positionals, beforeDashes } = invocation
  const own = positionals.slice(0, beforeDashes)
  const words = positionals.slice(beforeDashes)
  if (own.length > 1 && words.length > 0) throw usageError(`expected at most 1 integration name before '--', got ${own.length}`)
  if (own.length > 1)
    throw usageError(`unexpected arguments: [${own.slice(1).join(' ')}]\nUse '--' to pass extra arguments to the integration`)
  const given = ['model', 'config', 'restore', 'yes'].some((flag) => invocation.given(flag))
  if (own.length === 0 && (given || words.length > 0)) {
    throw usageError(`flags and extra args require an integration name, for example: '${program} launch claude --model qwen3.5'`)
  }
  return { name: own[0], words }
}

function requireIntegration({ config }: Context, name: string): Integration {
  const integration = findIntegration(name)
  if (integration) return integration
  if (needsFiles(name)) {
    const message = `${name} keeps its settings in files of its own, which are not changed here: give it ${config.serverUrl}/v1 as an OpenAI API`
    throw new AppError('not_supported', message)
  }
  const names = INTEGRATIONS.map((each) => each.name)
  throw usageError(`unknown integration: ${name}${formatSuggestions(suggestNames(name, names))}`)
}

/** Undefined when the user left the choice. */
async function findModel(context: Context, invocation: Invocation): Promise<string | undefined> {
  const model = invocation.text('model')
  if (model !== '') {
    await showOrPull(context, model, {})
    return model
  }
  if (!isInteractive(context)) {
    throw usageError('model selection requires an interactive terminal; use --model to run in headless mode')
  }
  return chooseModel(context, 'enter start')
}

function isInteractive({ io }: Context): boolean {
  return io.stdin.isTTY === true && io.stdout.isTTY === true
}

async function start({ processes }: Context, { command, title, url }: Integration, { environment, words }: Settings): Promise<number> {
  const status = await processes.runProgram(command, words, environment)
  if (status === undefined) throw new AppError('not_supported', `${title} is not installed, get it from ${url}`)
  return status
}

function formatCommand({ command }: Integration, settings: Settings, words: readonly string[]): string {
  const variables = Object.entries(settings.environment).map(([name, value]) => `export ${name}=${quote(value)}\n`)
  return `${variables.join('')}${[command, ...settings.words, ...words].map(quote).join(' ')}\n`
}

/** For a POSIX shell. */
function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
