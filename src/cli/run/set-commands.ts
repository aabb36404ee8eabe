// `/set ...`: changes how the chat goes on from here.

import { isAppError } from '../../base/errors.ts'
import { quoteGo } from '../../base/go-text.ts'
import { parseParameter } from '../../modelfile/parameters.ts'
import { type ChatSession, setSystem } from './chat-session.ts'
import { continueText, QUOTE } from './open-text.ts'
import type { ThinkSetting } from './settings.ts'
import { canThink } from './shown.ts'
import { PARAMETER_HELP, SET_HELP } from './slash-help.ts'

export async function runSet(session: ChatSession, words: readonly string[], line: string): Promise<void> {
  const { stdout, stderr } = session.context.io
  const [, name, ...values] = words
  if (name === undefined) stderr.write(SET_HELP)
  else if (name === 'system') await setSystemLine(session, line)
  else if (name === 'parameter') setParameter(session, values)
  else {
    const answer = applySetting(session, name, values[0])
    if (answer !== '') stdout.write(`${answer}\n`)
  }
}

/** What to answer; empty for settings that change in silence. */
function applySetting(session: ChatSession, name: string, argument: string | undefined): string {
  const { settings, history } = session
  switch (name) {
    case 'history':
    case 'nohistory':
      history.saving = name === 'history'
      return ''
    case 'wordwrap':
    case 'nowordwrap':
      settings.wordWrap = name === 'wordwrap'
      return `Set '${name}' mode.`
    case 'verbose':
    case 'quiet':
      settings.verbose = name === 'verbose'
      return `Set '${name}' mode.`
    case 'think':
      setThink(session, (argument ?? true) as ThinkSetting)
      return argument === undefined ? "Set 'think' mode." : `Set 'think' mode to '${argument}'.`
    case 'nothink':
      setThink(session, false)
      return "Set 'nothink' mode."
    case 'format':
      if (argument !== 'json') return "Invalid or missing format. For 'json' mode use '/set format json'"
      settings.format = argument
      return `Set format to '${argument}' mode.`
    case 'noformat':
      settings.format = undefined
      return 'Disabled format.'
    default:
      return `Unknown command '/set ${name}'. Type /? for help`
  }
}

/** A level is not checked here: which ones there are is up to the model, and the server says so. */
function setThink({ context, settings, shown }: ChatSession, think: ThinkSetting): void {
  settings.think = think
  settings.thinkGiven = true
  if (!canThink(shown)) context.io.stderr.write(`warning: model ${quoteGo(settings.model)} does not support thinking output\n`)
}

function setParameter({ context, settings }: ChatSession, words: readonly string[]): void {
  const { stdout, stderr } = context.io
  const [key, ...values] = words
  if (key === undefined || values.length === 0) {
    stderr.write(PARAMETER_HELP)
    return
  }
  try {
    settings.options = { ...settings.options, [key]: parseParameter(key, values) }
    stdout.write(`Set parameter '${key}' to '${values.join(', ')}'\n`)
  } catch (error) {
    if (!isAppError(error)) throw error
    stdout.write(`Couldn't set parameter: ${quoteGo(error.message)}\n`)
  }
}

async function setSystemLine(session: ChatSession, line: string): Promise<void> {
  const text = line.replace(/^\/set\s+system\s*/, '').trimEnd()
  if (text === '') session.context.io.stderr.write(SET_HELP)
  else if (text.startsWith(QUOTE)) await continueText(session, { target: 'system', text: '' }, text.slice(QUOTE.length))
  else setSystem(session, text)
}
