// A talk: what was asked, what was answered, and with which settings. Everything here makes a new talk of an old one; nothing is changed in place.

import type { ChatRequestBody } from '../../src/api/chat.ts'
import type { MessageBody, ToolBody, ToolCallBody } from '../../src/api/message.ts'
import type { Reply } from './reply.ts'
import { parseTools, type TalkSettings, toOptions, toThink } from './settings.ts'

export interface Talk {
  id: string
  title: string
  /** The title is the user's own, and stays. */
  isNamed: boolean
  createdMs: number
  changedMs: number
  settings: TalkSettings
  turns: Turn[]
}

export type Turn = Question | ToolResult | Reply

export interface Question {
  kind: 'question'
  text: string
  images: TalkImage[]
}

export interface TalkImage {
  name: string
  mediaType: string
  base64: string
}

/** What the user says a tool has answered. */
export interface ToolResult {
  kind: 'tool-result'
  call: ToolCallBody
  text: string
}

/** What a list of talks shows. */
export interface TalkHead {
  id: string
  title: string
  model: string
  changedMs: number
  /** About what it takes in the browser's storage. */
  sizeCharacters: number
}

const TITLE_CHARACTERS = 60
export const UNTITLED = 'New talk'

export function createTalk(settings: TalkSettings, { id, nowMs }: { id: string; nowMs: number }): Talk {
  return { id, title: UNTITLED, isNamed: false, createdMs: nowMs, changedMs: nowMs, settings, turns: [] }
}

export function toHead({ id, title, settings, changedMs, turns }: Talk): TalkHead {
  return { id, title, model: settings.model, changedMs, sizeCharacters: turns.reduce((sum, turn) => sum + sizeOf(turn), 0) }
}

export function withTurns(talk: Talk, turns: Turn[], nowMs: number): Talk {
  const first = turns.find((turn) => turn.kind === 'question')
  const title = talk.isNamed ? talk.title : (first && titleOf(first)) || UNTITLED
  return { ...talk, title, turns, changedMs: nowMs }
}

export function withLastTurn(talk: Talk, turn: Turn, nowMs: number): Talk {
  return { ...talk, turns: [...talk.turns.slice(0, -1), turn], changedMs: nowMs }
}

/** An empty name gives the title back to the first question. */
export function withTitle(talk: Talk, title: string): Talk {
  const given = title.trim()
  return given === '' ? withTurns({ ...talk, isNamed: false }, talk.turns, talk.changedMs) : { ...talk, title: given, isNamed: true }
}

/** The turns before the last question; what follows it is asked anew. */
export function beforeLastQuestion(turns: readonly Turn[]): Turn[] {
  return turns.slice(
    0,
    Math.max(
      0,
      turns.findLastIndex(({ kind }) => kind === 'question'),
    ),
  )
}

/** The turns without the last reply. */
export function beforeLastReply(turns: readonly Turn[]): Turn[] {
  return turns.at(-1)?.kind === 'reply' ? turns.slice(0, -1) : [...turns]
}

/** Calls of the last reply that nobody has answered yet. */
export function openCalls(turns: readonly Turn[]): ToolCallBody[] {
  const place = turns.findLastIndex(({ kind }) => kind === 'reply')
  const reply = turns[place]
  if (reply?.kind !== 'reply' || reply.state === 'running') return []
  return reply.calls.slice(turns.length - 1 - place)
}

/** Throws `Failure` where the tools are no JSON. */
export function toRequest({ settings, turns }: Talk): ChatRequestBody {
  const options = toOptions(settings)
  const think = toThink(settings)
  const tools: ToolBody[] = parseTools(settings.tools)
  const system: MessageBody[] = settings.system.trim() === '' ? [] : [{ role: 'system', content: settings.system }]
  return {
    model: settings.model,
    messages: [...system, ...turns.flatMap(toMessages)],
    stream: true,
    ...(Object.keys(options).length > 0 ? { options } : {}),
    ...(think === undefined ? {} : { think }),
    ...(tools.length > 0 ? { tools } : {}),
  }
}

/** A reply that never began says nothing to the model. */
function toMessages(turn: Turn): MessageBody[] {
  switch (turn.kind) {
    case 'question':
      return [{ role: 'user', content: turn.text, ...(turn.images.length > 0 ? { images: turn.images.map(({ base64 }) => base64) } : {}) }]
    case 'tool-result': {
      const { id, function: called } = turn.call
      return [{ role: 'tool', content: turn.text, tool_name: called.name, ...(id === undefined ? {} : { tool_call_id: id }) }]
    }
    case 'reply':
      if (turn.text === '' && turn.calls.length === 0) return []
      return [
        {
          role: 'assistant',
          content: turn.text,
          ...(turn.thinking === '' ? {} : { thinking: turn.thinking }),
          ...(turn.calls.length > 0 ? { tool_calls: turn.calls } : {}),
        },
      ]
  }
}

function titleOf({ text, images }: Question): string {
  const line = text.trim().replace(/\s+/g, ' ')
  if (line === '') return images[0]?.name ?? ''
  if (line.length <= TITLE_CHARACTERS) return line
  const cut = line.slice(0, TITLE_CHARACTERS)
  const blank = cut.lastIndexOf(' ')
  return `${blank > TITLE_CHARACTERS / 2 ? cut.slice(0, blank) : cut}…`
}

function sizeOf(turn: Turn): number {
  if (turn.kind === 'question') return turn.images.reduce((sum, { base64 }) => sum + base64.length, turn.text.length)
  return turn.kind === 'reply' ? turn.text.length + turn.thinking.length : turn.text.length
}
