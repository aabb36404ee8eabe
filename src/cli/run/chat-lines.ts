// What a submitted line means: part of a `"""` text, a command, or a prompt.

import { findAttachmentPaths } from './attachments.ts'
import { type ChatSession, sendPrompt } from './chat-session.ts'
import { continueText, QUOTE } from './open-text.ts'
import { isMultimodal } from './shown.ts'
import { runSlashCommand } from './slash-commands.ts'

export async function takeLine(session: ChatSession, line: string): Promise<'again' | 'quit'> {
  if (session.open) await continueText(session, session.open, line)
  else if (line.startsWith(QUOTE)) await continueText(session, { target: 'prompt', text: '' }, line.slice(QUOTE.length))
  else if (isCommand(line)) return runCommand(session, line)
  else if (line.trim() !== '') await sendPrompt(session, line)
  return 'again'
}

/** Pasted text of several lines is a prompt, whatever it begins with; only a system message may span them. */
function isCommand(line: string): boolean {
  return line.startsWith('/') && (!line.includes('\n') || /^\/set\s+system\s/.test(line))
}

async function runCommand(session: ChatSession, line: string): Promise<'again' | 'quit'> {
  const result = await runSlashCommand(session, line)
  if (result !== 'unknown') return result
  const [word = ''] = line.split(/\s+/)
  const isPath = isMultimodal(session.shown) && findAttachmentPaths(line).some((path) => path.startsWith(word))
  if (isPath) await sendPrompt(session, line)
  else session.context.io.stdout.write(`Unknown command '${word}'. Type /? for help\n`)
  return 'again'
}
