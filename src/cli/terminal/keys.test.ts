import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createKeyDecoder, type Key } from './keys.ts'

const decode = (...chunks: (string | Uint8Array)[]): Key[] => {
  const decoder = createKeyDecoder()
  return chunks.flatMap((chunk) => decoder.decode(chunk))
}

const spell = (keys: Key[]) => keys.map((key) => ('text' in key ? `${key.name}:${key.text}` : key.name))

describe('the key decoder', () => {
  it.each([
    ['\x1b[A', 'up'],
    ['\x1bOB', 'down'],
    ['\x1b[C', 'right'],
    ['\x1b[D', 'left'],
    ['\x1b[H', 'home'],
    ['\x1b[4~', 'end'],
    ['\x1b[3~', 'delete'],
    ['\x1bb', 'word-left'],
    ['\x1bf', 'word-right'],
    ['\x1b[1;5C', 'word-right'],
    ['\x1b\x7f', 'delete-word'],
    ['\x01', 'home'],
    ['\x03', 'interrupt'],
    ['\x04', 'end-of-input'],
    ['\x07', 'editor'],
    ['\x08', 'backspace'],
    ['\x7f', 'backspace'],
    ['\x09', 'tab'],
    ['\x0a', 'newline'],
    ['\x0d', 'enter'],
    ['\x0b', 'kill-after'],
    ['\x0c', 'clear-screen'],
    ['\x0e', 'next'],
    ['\x10', 'previous'],
    ['\x15', 'kill-before'],
    ['\x17', 'delete-word'],
    ['\x1a', 'suspend'],
  ])('reads %j as %s', (bytes, name) => expect(spell(decode(bytes))).toEqual([name]))

  it('keeps text together and drops keys that it does not know', () => {
    expect(spell(decode('hello\x1b[24~ w\x00orld\x1b[1;2P!'))).toEqual(['text:hello', 'text: w', 'text:orld', 'text:!'])
  })

  it('takes a line feed in a chunk of whole lines as Enter, and CR LF as one Enter', () => {
    expect(spell(decode('one\ntwo\r\n'))).toEqual(['text:one', 'enter', 'text:two', 'enter'])
  })

  it('takes a line feed as Ctrl-J when what was typed around it comes together', () => {
    expect(spell(decode('one\ntwo'))).toEqual(['text:one', 'newline', 'text:two'])
  })

  it('gives a paste as one text without control characters', () => {
    expect(spell(decode('\x1b[200~a\r\nb\rc\td\x1b[31m\x1b[201~x'))).toEqual(['paste:a\nb\nc\td[31m', 'text:x'])
  })

  it('joins characters that were cut between chunks', () => {
    const bytes = Buffer.from('\u00e9\ud83e\udd99')
    const keys = decode(...[...bytes].map((byte) => Uint8Array.of(byte)))
    expect(keys.map((key) => ('text' in key ? key.text : '')).join('')).toBe('\u00e9\ud83e\udd99')
  })

  it('gives the same keys wherever escape sequences are cut', () => {
    const text = 'a\x1b[A\x1b[200~p\r\x1bq\x1b[201~\x1bOH\x1bf\x1b[1;5Db'
    const joined = (keys: Key[]) =>
      spell(keys)
        .join('|')
        .replaceAll(/(?<=paste:[^|]*)\|paste:/g, '')
    fc.assert(
      fc.property(fc.integer({ min: 1, max: text.length - 1 }), (cut) => {
        expect(joined(decode(text.slice(0, cut), text.slice(cut)))).toBe(joined(decode(text)))
      }),
    )
  })

  it('does not wait for ever for the end of a sequence that never comes', () => {
    expect(spell(decode(`\x1b[${'1;'.repeat(40)}`, '\r')).at(-1)).toBe('enter')
  })
})
