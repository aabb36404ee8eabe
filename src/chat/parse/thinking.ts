// Thinking between a pair of tags that the template tells (contract/native.md 4.3). Only at the beginning of the reply: text in front of the tag
// means that the model answered at once, and tags in its answer are its own words.

import type { ThinkingFormat } from './reply-format.ts'

export interface ThinkingTags {
  open: string
  close: string
}

export function createThinkingFormat(tags: ThinkingTags, promptTail: string): ThinkingFormat {
  return { ...tags, isOpen: promptTail.trimEnd().endsWith(tags.open), where: 'start' }
}
