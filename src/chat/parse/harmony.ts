// gpt-oss: messages <|start|>assistant<|channel|>NAME to=RECIPIENT <|constrain|>json<|message|>…<|end|>. Channel `analysis` is thinking, a recipient
// makes a tool call, all else is text. Names of tools are identifiers there and are given back as the request has them.

import { toHarmonyNames } from './harmony-names.ts'
import { JsonArguments } from './json-arguments.ts'
import { parseArguments } from './json-calls.ts'
import { MESSAGE, MessageRowParser, START } from './message-row.ts'
import type { ReplyParser, ReplyParserOptions } from './reply-parser.ts'

const CHANNEL = '<|channel|>'
const CONSTRAIN = '<|constrain|>'

/** The header of the message that is the answer. */
export const HARMONY_THINKING_END = `${CHANNEL}final${MESSAGE}`

export const HARMONY_TOKENS: readonly string[] = [START, '<|end|>', MESSAGE, CHANNEL, CONSTRAIN]

export function createHarmonyParser(options: ReplyParserOptions): ReplyParser {
  const originalNames = new Map([...toHarmonyNames(options.tools)].map(([original, name]) => [name, original]))
  const nameOf = (recipient: string) => {
    const name = recipient.replace(/^functions\./, '')
    return originalNames.get(name) ?? name
  }
  return new MessageRowParser(
    {
      ends: ['<|end|>', '<|return|>', '<|call|>'],
      headerBeginnings: [CHANNEL, CONSTRAIN, MESSAGE, 'to='],
      readHeader,
      readHead: (recipient, body) =>
        body.trimStart().startsWith('{') ? { name: nameOf(recipient), arguments: new JsonArguments(body.indexOf('{')) } : undefined,
      parseCall(recipient, body) {
        const args = parseArguments(body)
        return args && [{ name: nameOf(recipient), arguments: args }]
      },
    },
    options,
  )
}

/** `<|start|>assistant<|channel|>commentary to=functions.now <|constrain|>json`; the recipient may stand before or behind the channel. */
function readHeader(header: string): { recipient?: string; isThinking: boolean } {
  const channel = /<\|channel\|>\s*([^\s<]+)/.exec(header)?.[1]
  const recipient = /(?:^|\s|>|assistant)to=([^\s<]+)/.exec(header)?.[1]
  return { isThinking: channel === 'analysis', ...(recipient === undefined ? {} : { recipient }) }
}
