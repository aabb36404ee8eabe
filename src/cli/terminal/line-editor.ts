// The line that is being typed, as a value: a key gives the next state, and an outcome when the line is done. No terminal in here;
// line-view.ts draws it, prompt-reader.ts feeds it. The text may hold line feeds (Ctrl-J, paste); the cursor never stands inside a grapheme.

import type { Key } from './keys.ts'

export interface LineState {
  readonly text: string
  /** Index into `text`. */
  readonly cursor: number
  /** Which entry of the history is shown; its length when none is. */
  readonly historyIndex: number
  /** What was typed before the history was opened. */
  readonly draft: string
}

export type LineOutcome =
  | { type: 'submit'; text: string }
  | { type: 'interrupt' }
  | { type: 'end' }
  | { type: 'edit'; text: string }
  | { type: 'suspend' }
  | { type: 'clear-screen' }

export interface LineStep {
  state: LineState
  outcome?: LineOutcome
}

const TAB = ' '.repeat(8)
/** Far longer than a grapheme: how much text around the cursor is cut into graphemes. */
const GRAPHEME_WINDOW = 64

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

export function startLine(history: readonly string[], text = ''): LineState {
  return { text, cursor: text.length, historyIndex: history.length, draft: '' }
}

export function stepLine(state: LineState, key: Key, history: readonly string[]): LineStep {
  const { text, cursor } = state
  switch (key.name) {
    case 'text':
    case 'paste':
      return { state: insert(state, key.text) }
    case 'tab':
      return { state: insert(state, TAB) }
    case 'newline':
      return { state: insert(state, '\n') }
    case 'enter':
      return { state: { ...state, cursor: text.length }, outcome: { type: 'submit', text } }
    case 'interrupt':
      return { state: startLine(history), outcome: { type: 'interrupt' } }
    case 'end-of-input':
      return text === '' ? { state, outcome: { type: 'end' } } : { state: remove(state, cursor, nextGrapheme(text, cursor)) }
    case 'editor':
      return { state, outcome: { type: 'edit', text } }
    case 'suspend':
      return { state, outcome: { type: 'suspend' } }
    case 'clear-screen':
      return { state, outcome: { type: 'clear-screen' } }
    case 'up':
      return { state: text.slice(0, cursor).includes('\n') ? moveLine(state, -1) : showHistory(state, -1, history) }
    case 'down':
      return { state: text.slice(cursor).includes('\n') ? moveLine(state, 1) : showHistory(state, 1, history) }
    case 'previous':
      return { state: showHistory(state, -1, history) }
    case 'next':
      return { state: showHistory(state, 1, history) }
    default:
      return { state: edit(state, key.name) }
  }
}

type EditKey = Exclude<
  Key['name'],
  | 'text'
  | 'paste'
  | 'tab'
  | 'newline'
  | 'enter'
  | 'interrupt'
  | 'end-of-input'
  | 'editor'
  | 'suspend'
  | 'clear-screen'
  | 'up'
  | 'down'
  | 'previous'
  | 'next'
>

function edit(state: LineState, key: EditKey): LineState {
  const { text, cursor } = state
  switch (key) {
    case 'left':
      return { ...state, cursor: previousGrapheme(text, cursor) }
    case 'right':
      return { ...state, cursor: nextGrapheme(text, cursor) }
    case 'home':
      return { ...state, cursor: lineStart(text, cursor) }
    case 'end':
      return { ...state, cursor: lineEnd(text, cursor) }
    case 'word-left':
      return { ...state, cursor: wordStart(text, cursor) }
    case 'word-right':
      return { ...state, cursor: wordEnd(text, cursor) }
    case 'backspace':
      return remove(state, previousGrapheme(text, cursor), cursor)
    case 'delete':
      return remove(state, cursor, nextGrapheme(text, cursor))
    case 'delete-word':
      return remove(state, wordStart(text, cursor), cursor)
    case 'kill-before':
      return remove(state, lineStart(text, cursor), cursor)
    case 'kill-after':
      return remove(state, cursor, lineEnd(text, cursor))
  }
}

function insert(state: LineState, piece: string): LineState {
  const { text, cursor } = state
  return { ...state, text: text.slice(0, cursor) + piece + text.slice(cursor), cursor: cursor + piece.length }
}

function remove(state: LineState, from: number, to: number): LineState {
  return { ...state, text: state.text.slice(0, from) + state.text.slice(to), cursor: from }
}

function showHistory(state: LineState, step: -1 | 1, history: readonly string[]): LineState {
  const index = state.historyIndex + step
  if (index < 0 || index > history.length) return state
  const draft = state.historyIndex === history.length ? state.text : state.draft
  const text = index === history.length ? draft : (history[index] ?? '')
  return { text, cursor: text.length, historyIndex: index, draft }
}

function moveLine(state: LineState, step: -1 | 1): LineState {
  const { text, cursor } = state
  const start = lineStart(text, cursor)
  const targetStart = step < 0 ? lineStart(text, start - 1) : lineEnd(text, cursor) + 1
  const target = Math.min(targetStart + (cursor - start), lineEnd(text, targetStart))
  const boundary = nextGrapheme(text, previousGrapheme(text, target))
  return { ...state, cursor: target === targetStart ? target : boundary }
}

function lineStart(text: string, index: number): number {
  return text.lastIndexOf('\n', index - 1) + 1
}

function lineEnd(text: string, index: number): number {
  const end = text.indexOf('\n', index)
  return end < 0 ? text.length : end
}

/** Over blanks, then over what is no blank. */
function wordStart(text: string, cursor: number): number {
  return cursor - (/\S*\s*$/.exec(text.slice(0, cursor))?.[0].length ?? 0)
}

function wordEnd(text: string, cursor: number): number {
  return cursor + (/^\s*\S*/.exec(text.slice(cursor))?.[0].length ?? 0)
}

function previousGrapheme(text: string, index: number): number {
  const start = Math.max(index - GRAPHEME_WINDOW, 0)
  const last = [...graphemes.segment(text.slice(start, index))].at(-1)
  return last ? start + last.index : index
}

function nextGrapheme(text: string, index: number): number {
  const [first] = graphemes.segment(text.slice(index, index + GRAPHEME_WINDOW))
  return index + (first?.segment.length ?? 0)
}
