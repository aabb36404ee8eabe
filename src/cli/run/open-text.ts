// A text between `"""`, which may take several lines: a prompt, or the system message.

import { type ChatSession, sendPrompt, setSystem } from './chat-session.ts'

export const QUOTE = '"""'

/** Takes what follows the opening quote, or the next line of an open text. */
export async function continueText(session: ChatSession, open: NonNullable<ChatSession['open']>, line: string): Promise<void> {
  if (!line.endsWith(QUOTE)) {
    session.open = { ...open, text: `${open.text}${line}\n` }
    return
  }
  session.open = undefined
  const text = open.text + line.slice(0, -QUOTE.length)
  if (open.target === 'system') setSystem(session, text)
  else if (text.trim() !== '') await sendPrompt(session, text)
}
