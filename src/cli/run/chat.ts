// `run` on a terminal without a prompt: reads lines, sends them, shows the replies, until Ctrl-D or /bye.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type { ShowResponseBody } from '../../api/models.ts'
import { isAppError } from '../../base/errors.ts'
import { columnsOf } from '../io.ts'
import { openPromptHistory } from '../terminal/prompt-history.ts'
import { openPromptReader, type PromptReader } from '../terminal/prompt-reader.ts'
import { createWordWrapper } from '../terminal/word-wrap.ts'
import type { Context } from '../verb.ts'
import { takeLine } from './chat-lines.ts'
import { type ChatSession, firstMessages, loadModel } from './chat-session.ts'
import type { RunSettings } from './settings.ts'

const SHAPE = { prompt: '>>> ', continuation: '... ', placeholder: 'Send a message (/? for help)' }
const OPEN_SHAPE = { prompt: '... ', continuation: '... ', placeholder: 'Press Enter to send' }
const DEFAULT_EDITOR = 'vi'

export async function runChat(context: Context, settings: RunSettings, shown: ShowResponseBody): Promise<void> {
  const { config, io } = context
  const reader = openPromptReader(io)
  try {
    const history = await openPromptHistory(path.join(config.home, 'history'), !config.noHistory)
    const session: ChatSession = {
      context,
      settings,
      shown,
      messages: firstMessages(settings),
      history,
      open: undefined,
      onInterrupt: reader.onInterrupt,
    }
    await loadModel(session)
    replayMessages(session)
    await readLines(session, reader)
  } finally {
    reader.close()
  }
}

async function readLines(session: ChatSession, reader: PromptReader): Promise<void> {
  const { io } = session.context
  let draft = ''
  for (;;) {
    const outcome = await reader.read(session.open ? OPEN_SHAPE : SHAPE, session.history.entries, draft)
    draft = ''
    switch (outcome.type) {
      case 'end':
        return
      case 'interrupt':
        session.open = undefined
        io.stdout.write('Use Ctrl + d or /bye to exit.\n')
        break
      case 'edit':
        draft = await editText(session.context, reader, outcome.text)
        break
      case 'submit':
        if (outcome.text !== '') await remember(session, outcome.text)
        if ((await takeLine(session, outcome.text)) === 'quit') return
    }
  }
}

/** The model's example messages, as if they had been said here. */
function replayMessages({ context, settings, shown }: ChatSession): void {
  const { stdout } = context.io
  for (const message of shown.messages ?? []) {
    if (message.role === 'user') stdout.write(`>>> ${message.content}\n`)
    if (message.role !== 'assistant') continue
    const wrapper = createWordWrapper(() => columnsOf(stdout))
    stdout.write(`${settings.wordWrap ? wrapper.push(message.content) : message.content}\n\n`)
  }
}

/** A history that cannot be written is said once; the chat does not need it. */
async function remember({ context, history }: ChatSession, text: string): Promise<void> {
  try {
    await history.add(text)
  } catch (error) {
    history.saving = false
    context.io.stderr.write(`warning: the history is not saved: ${error instanceof Error ? error.message : String(error)}\n`)
  }
}

/** The text as the editor left it; as it was when there is no editor. */
async function editText({ config, io, processes }: Context, reader: PromptReader, text: string): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'llamero-'))
  const file = path.join(folder, 'prompt.txt')
  reader.release()
  try {
    await writeFile(file, text, { mode: 0o600 })
    await processes.runEditor(config.editor ?? DEFAULT_EDITOR, file)
    return (await readFile(file, 'utf8')).replace(/\n+$/, '')
  } catch (error) {
    if (!isAppError(error)) throw error
    io.stderr.write(`error: ${error.message}\n`)
    return text
  } finally {
    reader.acquire()
    await rm(folder, { recursive: true, force: true })
  }
}
