// Thinking between a pair of tags that the template tells (contract/native.md 4.3). Only at the beginning of the reply: text in front of the tag
// means that the model answered at once, and tags in its answer are its own words.

import type { ThinkingFormat } from './reply-format.ts'
import type { ReplyParserOptions } from './reply-parser.ts'

export interface ThinkingTags {
  open: string
  close: string
}

type Prompt = Pick<ReplyParserOptions, 'promptTail' | 'start'>

export function createThinkingFormat(tags: ThinkingTags, { promptTail, start }: Prompt): ThinkingFormat {
  return { ...tags, isOpen: start === 'thinking' || promptTail.trimEnd().endsWith(tags.open), where: 'start' }
}

/** Of a family whose prompts open the thinking: its models go on as if a prompt had, unless it has closed it. */
export function createOpenedThinkingFormat(tags: ThinkingTags, prompt: Prompt): ThinkingFormat {
  const thinking = createThinkingFormat(tags, prompt)
  const isClosed = prompt.promptTail.trimEnd().endsWith(tags.close)
  return { ...thinking, isOpen: thinking.isOpen || (prompt.start === 'family' && !isClosed) }
}
