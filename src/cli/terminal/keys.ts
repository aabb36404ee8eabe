// Bytes of a terminal in raw mode as keys. Holds what is incomplete (a cut escape sequence, half a character) until the next chunk.
// A line feed is Ctrl-J, but Enter in a chunk of whole lines, as programs that drive a terminal write them.

import { StringDecoder } from 'node:string_decoder'

export type KeyName =
  | 'enter'
  | 'newline'
  | 'tab'
  | 'backspace'
  | 'delete'
  | 'left'
  | 'right'
  | 'up'
  | 'down'
  | 'previous'
  | 'next'
  | 'home'
  | 'end'
  | 'word-left'
  | 'word-right'
  | 'delete-word'
  | 'kill-after'
  | 'kill-before'
  | 'clear-screen'
  | 'interrupt'
  | 'end-of-input'
  | 'editor'
  | 'suspend'

export type Key = { name: KeyName } | { name: 'text' | 'paste'; text: string }

export interface KeyDecoder {
  decode(bytes: Uint8Array | string): Key[]
}

const CONTROLS: Readonly<Record<string, KeyName>> = {
  '\x01': 'home',
  '\x02': 'left',
  '\x03': 'interrupt',
  '\x04': 'end-of-input',
  '\x05': 'end',
  '\x06': 'right',
  '\x07': 'editor',
  '\x08': 'backspace',
  '\x09': 'tab',
  '\x0b': 'kill-after',
  '\x0c': 'clear-screen',
  '\x0d': 'enter',
  '\x0e': 'next',
  '\x10': 'previous',
  '\x15': 'kill-before',
  '\x17': 'delete-word',
  '\x1a': 'suspend',
  '\x7f': 'backspace',
}
const ALT_KEYS: Readonly<Record<string, KeyName>> = { b: 'word-left', f: 'word-right', '\x7f': 'delete-word', '\x08': 'delete-word' }
const SEQUENCE_KEYS: Readonly<Record<string, KeyName>> = {
  A: 'up',
  B: 'down',
  C: 'right',
  D: 'left',
  H: 'home',
  F: 'end',
  '1~': 'home',
  '3~': 'delete',
  '4~': 'end',
  '7~': 'home',
  '8~': 'end',
  '1;3C': 'word-right',
  '1;3D': 'word-left',
  '1;5C': 'word-right',
  '1;5D': 'word-left',
}
const PASTE_START = '200~'
const PASTE_END = '\x1b[201~'
/** `ESC [` or `ESC O`, parameters, and the character that ends the sequence. */
const SEQUENCE = /^\x1b(?:\[([0-9;?]*[@-~])|O([@-~]))/
/** Longer than any sequence of a terminal: what does not end by then is no sequence. */
const MAX_SEQUENCE_CHARACTERS = 32

export function createKeyDecoder(): KeyDecoder {
  const decoder = new StringDecoder('utf8')
  let pending = ''
  let pasting = false

  const takePaste = (keys: Key[]): void => {
    const end = pending.indexOf(PASTE_END)
    const text = end < 0 ? pending.slice(0, pending.length - partialSuffix(pending, PASTE_END)) : pending.slice(0, end)
    if (text !== '') keys.push({ name: 'paste', text: cleanPaste(text) })
    pending = pending.slice(end < 0 ? text.length : end + PASTE_END.length)
    pasting = end < 0
  }
  /** False when the sequence is not complete yet. */
  const takeEscape = (keys: Key[]): boolean => {
    const match = SEQUENCE.exec(pending)
    if (match) {
      pending = pending.slice(match[0].length)
      const sequence = match[1] ?? match[2] ?? ''
      if (sequence === PASTE_START) pasting = true
      else pushKey(keys, SEQUENCE_KEYS[sequence])
      return true
    }
    const next = pending[1]
    if (next === undefined) return false
    if ((next === '[' || next === 'O') && pending.length < MAX_SEQUENCE_CHARACTERS) return false
    pushKey(keys, ALT_KEYS[next])
    pending = pending.slice(2)
    return true
  }

  return {
    decode(bytes) {
      const chunk = typeof bytes === 'string' ? bytes : decoder.write(Buffer.from(bytes))
      pending += chunk
      const wholeLines = chunk.length > 1 && chunk.endsWith('\n')
      const keys: Key[] = []
      while (pending !== '') {
        if (pasting) {
          takePaste(keys)
          if (pasting) break
        } else if (pending[0] === '\x1b') {
          if (!takeEscape(keys)) break
        } else {
          pending = takePlain(pending, wholeLines, keys)
        }
      }
      return keys
    },
  }
}

function takePlain(pending: string, wholeLines: boolean, keys: Key[]): string {
  const text = /^[^\x00-\x1f\x7f]+/.exec(pending)?.[0]
  if (text !== undefined) {
    keys.push({ name: 'text', text })
    return pending.slice(text.length)
  }
  if (pending.startsWith('\r\n')) {
    keys.push({ name: 'enter' })
    return pending.slice(2)
  }
  const control = pending[0] as string
  pushKey(keys, control === '\n' ? (wholeLines ? 'enter' : 'newline') : CONTROLS[control])
  return pending.slice(1)
}

function pushKey(keys: Key[], name: KeyName | undefined): void {
  if (name !== undefined) keys.push({ name })
}

/** Line breaks as line feeds, without control characters: a pasted escape sequence must not reach the screen. */
function cleanPaste(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(/[\x00-\x08\x0b-\x1f\x7f]/g, '')
}

function partialSuffix(text: string, mark: string): number {
  for (let length = Math.min(mark.length - 1, text.length); length > 0; length--) if (text.endsWith(mark.slice(0, length))) return length
  return 0
}
