// Go's literals inside an action: numbers, characters, quoted strings.

import { AppError } from '../base/errors.ts'

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
}
const ESCAPE = /\\(?:([abfnrtv\\'"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))/y
const INTEGER = /^[+-]?(?:0[xX]_?[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*|0[oO]_?[0-7]+(?:_[0-7]+)*|0[bB]_?[01]+(?:_[01]+)*|[0-9]+(?:_[0-9]+)*)$/
const FLOAT = /^[+-]?(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9]+)?$/

/** An integer is a bigint, a number with a point or exponent a number. Throws `template_error` where Go sees no number. */
export function parseNumber(text: string): bigint | number {
  if (text.startsWith("'")) return BigInt(unquote(text).codePointAt(0) ?? 0)
  if (INTEGER.test(text)) return parseInteger(text)
  if (FLOAT.test(text)) return Number(text.replaceAll('_', ''))
  throw new AppError('template_error', `illegal number syntax: ${JSON.stringify(text)}`)
}

function parseInteger(text: string): bigint {
  const isNegative = text.startsWith('-')
  let digits = text.replace(/^[+-]/, '').replaceAll('_', '')
  if (/^0[0-7]+$/.test(digits)) digits = `0o${digits.slice(1)}`
  else if (/^0[0-9]+$/.test(digits)) throw new AppError('template_error', `illegal number syntax: ${JSON.stringify(text)}`)
  const value = isNegative ? -BigInt(digits) : BigInt(digits)
  if (value !== BigInt.asIntN(64, value)) throw new AppError('template_error', `integer overflow: ${JSON.stringify(text)}`)
  return value
}

/** Text of a literal with its quotes: ", ' or `. Throws `template_error`. */
export function unquote(literal: string): string {
  const body = literal.slice(1, -1)
  if (literal.startsWith('`')) return body.replaceAll('\r', '')
  if (!body.includes('\\')) return checkCharacter(literal, body)
  const pieces: Buffer[] = []
  for (let at = 0; at < body.length; ) {
    const next = body.indexOf('\\', at)
    if (next !== at) {
      const end = next < 0 ? body.length : next
      pieces.push(Buffer.from(body.slice(at, end)))
      at = end
      continue
    }
    ESCAPE.lastIndex = at
    const found = ESCAPE.exec(body)
    if (!found) throw invalidSyntax()
    pieces.push(decodeEscape(found, literal.charAt(0)))
    at += found[0].length
  }
  return checkCharacter(literal, Buffer.concat(pieces).toString('utf8'))
}

function decodeEscape(found: RegExpExecArray, quote: string): Buffer {
  const [, simple, byte, short, long, octal] = found
  if (simple === '"' || simple === "'") {
    if (simple !== quote) throw invalidSyntax()
    return Buffer.from(simple)
  }
  if (simple !== undefined) return Buffer.from(ESCAPES[simple] ?? '')
  const code = Number.parseInt(byte ?? short ?? long ?? octal ?? '0', octal === undefined ? 16 : 8)
  if (quote === '"' && (byte !== undefined || octal !== undefined)) {
    if (code > 255) throw invalidSyntax()
    return Buffer.from([code])
  }
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) throw invalidSyntax()
  return Buffer.from(String.fromCodePoint(code))
}

function checkCharacter(literal: string, value: string): string {
  if (literal.startsWith("'") && [...value].length !== 1) throw new AppError('template_error', `malformed character constant: ${literal}`)
  return value
}

function invalidSyntax(): AppError {
  return new AppError('template_error', 'invalid syntax')
}
