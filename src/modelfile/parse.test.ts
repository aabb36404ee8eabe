import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AppError } from '../base/errors.ts'
import { isPrintable } from './lex.ts'
import type { Command } from './modelfile.ts'
import { MAX_COMMANDS, MAX_MODELFILE_BYTES, parseModelfile } from './parse.ts'
import { formatModelfile } from './print.ts'

const systemOf = (text: string) => parseModelfile(`FROM m\nSYSTEM ${text}`).commands[1]?.value

function errorOf(text: string | Uint8Array): string {
  try {
    parseModelfile(text)
  } catch (error) {
    expect(error).toBeInstanceOf(AppError)
    expect((error as AppError).code).toBe('invalid_modelfile')
    return (error as AppError).message
  }
  throw new Error('the text was accepted')
}

describe('parseModelfile', () => {
  it('reads commands in the order of the file, keywords in any case', () => {
    const text = 'from a\nParameter temperature 1\nSYSTEM hi\nMESSAGE user what?\nLICENSE MIT\nFROM b\nREQUIRES 0.14.0\n'
    expect(parseModelfile(text).commands).toEqual([
      { name: 'from', value: 'a' },
      { name: 'parameter', parameter: 'temperature', value: '1' },
      { name: 'system', value: 'hi' },
      { name: 'message', role: 'user', value: 'what?' },
      { name: 'license', value: 'MIT' },
      { name: 'from', value: 'b' },
      { name: 'requires', value: '0.14.0' },
    ])
  })

  it('takes a comment only at the start of a line', () => {
    expect(parseModelfile('# one\n  # two\nFROM a # b').commands).toEqual([{ name: 'from', value: 'a # b' }])
  })

  it.each([
    ['bare to the end', 'bare to the end'],
    ['  trimmed \t', 'trimmed'],
    ['"quoted"', 'quoted'],
    ['" kept blanks "', ' kept blanks '],
    ['"over\ntwo lines"', 'over\ntwo lines'],
    ['"""a "word"\nand more"""', 'a "word"\nand more'],
    ['"""\n\nlines\n"""', '\n\nlines\n'],
    ['"a\r\nb"', 'a\r\nb'],
    ["'single'", "'single'"],
    ['""', ''],
    ['""""""', ''],
    ['"a" b\nc"', 'a" b\nc'],
    ['a"b', 'a"b'],
    ['"tail" \t\nFROM x', 'tail'],
    ['a\u0007b\u200bc', 'abc'],
    ['caf\u00e9 \u2603 \ud83e\udd99', 'caf\u00e9 \u2603 \ud83e\udd99'],
  ])('reads the value %j as %j', (text, value) => expect(systemOf(text)).toBe(value))

  it('ends a line at CR, at LF and at CR LF', () => {
    expect(parseModelfile('FROM a\rSYSTEM b\r\nSYSTEM c').commands.map((command) => command.value)).toEqual(['a', 'b', 'c'])
  })

  it('accepts an empty value where the line goes on with nothing', () => {
    expect(systemOf('\n')).toBe('')
  })

  it('accepts several blanks between words', () => {
    expect(parseModelfile('FROM   a\nPARAMETER \t seed   1\nMESSAGE  user  hi').commands.map((command) => command.value)).toEqual([
      'a',
      '1',
      'hi',
    ])
  })

  it('decodes UTF-8 and UTF-16 with a byte order mark', () => {
    const littleEndian = Buffer.from('\ufeffFROM \u00e4\n', 'utf16le')
    const bigEndian = Buffer.from(littleEndian).swap16()
    for (const bytes of [Buffer.from('\ufeffFROM \u00e4\n'), Buffer.from('FROM \u00e4'), littleEndian, bigEndian]) {
      expect(parseModelfile(bytes).commands).toEqual([{ name: 'from', value: '\u00e4' }])
    }
    expect(parseModelfile('\ufeffFROM a').commands).toHaveLength(1)
  })

  const command =
    'command must be one of "from", "license", "template", "system", "adapter", "draft", "renderer", "parser", "parameter", "message", or "requires"'
  it.each([
    ['', 'no FROM line'],
    ['SYSTEM hi', 'no FROM line'],
    ['FROM a\nBAD x', `(line 2): ${command}`],
    ['FROM a\r\nBAD x', `(line 2): ${command}`],
    ['FROM a\nSYSTEM "b\nc"\nBAD x', `(line 4): ${command}`],
    ['FROM1 a', `(line 1): ${command}`],
    ['FROM\n', `(line 1): ${command}`],
    ['FROM', 'unexpected EOF'],
    ['FROM a\nMESSAGE robot hi', '(line 2): message role must be one of "system", "user", or "assistant"'],
    ['FROM a\nMESSAGE User hi', '(line 2): message role must be one of "system", "user", or "assistant"'],
    ['FROM a\nMESSAGE bad "open', '(line 2): message role must be one of "system", "user", or "assistant"'],
    ['FROM a\nMESSAGE user', 'unexpected EOF'],
    ['FROM a\nMESSAGE user\nhi', 'unexpected EOF: user'],
    ['FROM a\nPARAMETER top-k 1', 'unexpected EOF: top'],
    ['FROM a\nSYSTEM "open', 'unexpected EOF'],
    ['FROM a\nSYSTEM """open"\n"', 'unexpected EOF'],
    ['FROM a\nSYSTEM "a" b\nFROM c', 'unexpected EOF'],
    ['FROM a\nSYSTEM "', 'unexpected EOF'],
    ['FROM a\nSYSTEM """""', 'unexpected EOF'],
  ])('refuses %j', (text, message) => expect(errorOf(text)).toBe(message))

  it('stops at its limits', () => {
    const filler = 'FROM a\n#'
    expect(parseModelfile(filler.padEnd(MAX_MODELFILE_BYTES, 'x')).commands).toHaveLength(1)
    expect(errorOf(filler.padEnd(MAX_MODELFILE_BYTES + 1, 'x'))).toContain('16 MiB')
    expect(parseModelfile('FROM a\n'.repeat(MAX_COMMANDS)).commands).toHaveLength(MAX_COMMANDS)
    expect(errorOf('FROM a\n'.repeat(MAX_COMMANDS + 1))).toContain('commands')
  })
})

describe('formatModelfile', () => {
  it.each([
    ['plain', 'SYSTEM plain'],
    ['a"b', 'SYSTEM a"b'],
    [' edge', 'SYSTEM " edge"'],
    ['two\nlines', 'SYSTEM "two\nlines"'],
    ['two\n"lines', 'SYSTEM """two\n"lines"""'],
    ['"start', 'SYSTEM """"start"""'],
  ])('prints the value %j as %j', (value, line) => {
    expect(formatModelfile({ commands: [{ name: 'system', value }] })).toBe(`${line}\n`)
  })

  it('prints every kind of command', () => {
    const text = 'FROM a\nPARAMETER stop <|end|>\nMESSAGE user hi there\nDRAFT ./d\n'
    expect(formatModelfile(parseModelfile(text))).toBe(text)
  })

  it('gives text that parses to the same', () => {
    const pieces = fc.constantFrom('"', '""', '"""', '\n', '\r', ' ', '\t', '#', 'FROM', 'a', '\u00e9', "'", ':')
    const value = fc
      .array(fc.oneof(pieces, fc.string({ unit: 'grapheme' })), { maxLength: 8 })
      .map((parts) => parts.join(''))
      .filter((text) => isPrintable(text) && !/"""[^\S\r\n]*[\r\n]/.test(text))
    const command: fc.Arbitrary<Command> = fc.oneof(
      fc.record({ name: fc.constantFrom('from' as const, 'system' as const, 'template' as const, 'license' as const), value }),
      fc.record({ name: fc.constant('parameter' as const), parameter: fc.constantFrom('stop', 'num_ctx'), value }),
      fc.record({ name: fc.constant('message' as const), role: fc.constantFrom('user' as const, 'assistant' as const), value }),
    )
    fc.assert(
      fc.property(fc.array(command, { maxLength: 6 }), (rest) => {
        const modelfile = { commands: [{ name: 'from' as const, value: 'm' }, ...rest] }
        expect(parseModelfile(formatModelfile(modelfile))).toEqual(modelfile)
      }),
    )
  })

  it('gives back whatever was parsed', () => {
    const source = fc
      .array(fc.constantFrom('FROM ', 'SYSTEM ', 'MESSAGE user ', 'PARAMETER stop ', '"', '"""', '\n', '\r\n', ' ', 'a', '#', '\u200b'), {
        maxLength: 24,
      })
      .map((parts) => `FROM m\n${parts.join('')}`)
    fc.assert(
      fc.property(source, (text) => {
        let modelfile: ReturnType<typeof parseModelfile>
        try {
          modelfile = parseModelfile(text)
        } catch (error) {
          expect(error).toBeInstanceOf(AppError)
          return
        }
        expect(parseModelfile(formatModelfile(modelfile))).toEqual(modelfile)
      }),
      { numRuns: 500 },
    )
  })
})
