// The commands of the chat (contract/cli-registry.md section 1.13). A command is known by how it begins, as with Ollama: `/listing` is `/list`.

import type { CreateRequestBody } from '../../api/create.ts'
import type { ShowResponseBody } from '../../api/models.ts'
import { AppError, isAppError } from '../../base/errors.ts'
import { tryParseModelName } from '../../model/name.ts'
import { formatModels, readModels } from '../model-list.ts'
import { isNotFound } from '../server.ts'
import { formatShownModel } from '../shown-model.ts'
import { type ChatSession, firstMessages, loadModel } from './chat-session.ts'
import { runSet } from './set-commands.ts'
import { canThink } from './shown.ts'
import { formatHelp, SHOW_HELP } from './slash-help.ts'

type CommandResult = 'again' | 'quit' | 'unknown'
type Command = (session: ChatSession, words: readonly string[], line: string) => Promise<CommandResult>

const COMMANDS: readonly (readonly [string, Command])[] = [
  ['/list', list],
  ['/load', load],
  ['/save', save],
  ['/clear', clear],
  ['/set', set],
  ['/show', show],
  ['/help', help],
  ['/?', help],
  ['/exit', quit],
  ['/bye', quit],
]
const PARAMETER_COLUMNS = 30

export async function runSlashCommand(session: ChatSession, line: string): Promise<CommandResult> {
  const command = COMMANDS.find(([name]) => line.startsWith(name))?.[1]
  if (!command) return 'unknown'
  try {
    return await command(session, line.trim().split(/\s+/), line)
  } catch (error) {
    if (!isAppError(error) || error.details.unreachable === true) throw error
    session.context.io.stderr.write(`error: ${error.message}\n`)
    return 'again'
  }
}

async function list({ context }: ChatSession, words: readonly string[]): Promise<CommandResult> {
  context.io.stdout.write(formatModels(await readModels(context, words[1]), context.clock.nowMs()))
  return 'again'
}

async function load(session: ChatSession, words: readonly string[]): Promise<CommandResult> {
  const { context } = session
  const [, model] = words
  if (model === undefined || words.length !== 2) {
    context.io.stdout.write('Usage:\n  /load <modelname>\n')
    return 'again'
  }
  context.io.stdout.write(`Loading model '${model}'\n`)
  const before = { settings: session.settings, shown: session.shown, messages: session.messages }
  try {
    // A system message that was set here belongs to what was said; the other model, or a saved chat, has its own.
    session.settings = { ...session.settings, model, system: '' }
    session.shown = await context.client.show({ model })
    if (!session.settings.thinkGiven) session.settings.think = canThink(session.shown) ? true : undefined
    session.messages = firstMessages(session.settings)
    await loadModel(session)
  } catch (error) {
    Object.assign(session, before)
    if (!isNotFound(error)) throw error
    context.io.stdout.write(`Couldn't find model '${model}'\n`)
  }
  return 'again'
}

async function save({ context, settings, shown, messages }: ChatSession, words: readonly string[]): Promise<CommandResult> {
  const { client, io } = context
  const [, name] = words
  if (name === undefined || words.length !== 2) {
    io.stdout.write('Usage:\n  /save <modelname>\n')
    return 'again'
  }
  if (!tryParseModelName(name)) {
    io.stdout.write(`error: The model name '${name}' is invalid\n`)
    return 'again'
  }
  const said = [...(shown.messages ?? []), ...messages]
  const request: CreateRequestBody = {
    model: name,
    from: settings.model,
    ...(settings.system === '' ? {} : { system: settings.system }),
    ...(Object.keys(settings.options).length > 0 ? { parameters: settings.options } : {}),
    ...(said.length > 0 ? { messages: said } : {}),
  }
  let status = ''
  for await (const part of client.create(request)) status = part.status
  if (status !== 'success') throw new AppError('internal', `the server did not finish creating '${name}'`)
  io.stdout.write(`Created new model '${name}'\n`)
  return 'again'
}

async function clear(session: ChatSession): Promise<CommandResult> {
  session.messages = firstMessages(session.settings)
  session.context.io.stdout.write('Cleared session context\n')
  return 'again'
}

async function set(session: ChatSession, words: readonly string[], line: string): Promise<CommandResult> {
  await runSet(session, words, line)
  return 'again'
}

async function show(session: ChatSession, words: readonly string[]): Promise<CommandResult> {
  const { context, settings } = session
  const [, topic] = words
  if (topic === undefined) {
    context.io.stderr.write(SHOW_HELP)
    return 'again'
  }
  const { model, system, options } = settings
  const shown = await context.client.show({
    model,
    ...(system === '' ? {} : { system }),
    ...(Object.keys(options).length > 0 ? { options } : {}),
  })
  if (topic === 'info') context.io.stderr.write(formatShownModel(shown, false))
  else context.io.stdout.write(formatTopic(topic, shown, settings) ?? `Unknown command '/show ${topic}'. Type /? for help\n`)
  return 'again'
}

function formatTopic(topic: string, shown: ShowResponseBody, settings: ChatSession['settings']): string | undefined {
  switch (topic) {
    case 'license':
      return `${shown.license || 'No license was specified for this model.'}\n`
    case 'modelfile':
      return `${shown.modelfile ?? ''}\n`
    case 'parameters':
      return formatParameters(shown.parameters ?? '', settings.options)
    case 'system': {
      const system = settings.system || shown.system
      return system ? `${system}\n\n` : 'No system message was specified for this model.\n'
    }
    case 'template':
      return `${shown.template || 'No prompt template was specified for this model.'}\n`
    default:
      return undefined
  }
}

function formatParameters(defined: string, options: Readonly<Record<string, unknown>>): string {
  const lines = defined === '' ? ['No additional parameters were specified for this model.'] : defined.split('\n')
  const own = Object.entries(options).map(([key, value]) => `  ${key.padEnd(PARAMETER_COLUMNS)} ${formatOption(value)}\n`)
  const ownText = own.length === 0 ? '' : `User defined parameters:\n${own.join('')}\n`
  return `Model defined parameters:\n${lines.map((line) => `  ${line}\n`).join('')}\n${ownText}`
}

function formatOption(value: unknown): string {
  return Array.isArray(value) ? `[${value.join(' ')}]` : String(value)
}

async function help({ context, shown }: ChatSession, words: readonly string[]): Promise<CommandResult> {
  context.io.stderr.write(formatHelp(words[1], shown))
  return 'again'
}

async function quit(): Promise<CommandResult> {
  return 'quit'
}
