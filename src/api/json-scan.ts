// Finds the end of the one JSON value that a body begins with, byte by byte, as Go's decoder does: what comes after it is ignored, and
// what is wrong with it is said in Go's words. Only the slow path of decode.ts comes here; the value itself is made by JSON.parse.

import { AppError, isAppError } from '../base/errors.ts'
import { quoteGo } from '../base/go-text.ts'

/** Go's limit: more open brackets than this are an attack on whoever walks the value. */
export const MAX_DEPTH = 10_000

/** Index behind the first JSON value. Throws `invalid_request`: `unexpected EOF`, `invalid character 'x' looking for beginning of value`, ... */
export function findJsonEnd(bytes: Uint8Array): number {
  const scan: Scan = { bytes, at: 0, open: [], justOpened: false }
  startValue(scan)
  while (scan.open.length > 0) {
    skipSpace(scan)
    if (scan.open.at(-1) === OBJECT) continueObject(scan)
    else continueArray(scan)
  }
  return scan.at
}

/** What Go says of a whole text that is no JSON: other than a body, it has an end. */
export function explainMalformed(text: string): string {
  const bytes = Buffer.from(text)
  try {
    const scan: Scan = { bytes, at: findJsonEnd(bytes), open: [], justOpened: false }
    skipSpace(scan)
    return unexpected(scan, 'after top-level value').message
  } catch (error) {
    if (!isAppError(error, 'invalid_request')) throw error
    return error.details.isEnd === true ? 'unexpected end of JSON input' : error.message
  }
}

interface Scan {
  bytes: Uint8Array
  at: number
  /** The brackets that are open, outermost first. */
  open: number[]
  /** Right behind an opening bracket: no comma yet. */
  justOpened: boolean
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OBJECT = 0x7b
const OBJECT_END = 0x7d
const ARRAY = 0x5b
const ARRAY_END = 0x5d
const COMMA = 0x2c
const COLON = 0x3a
const LITERALS: Readonly<Record<number, string>> = { 116: 'true', 102: 'false', 110: 'null' }

/** A scalar is passed as a whole; of an object or a list, only the bracket: no recursion, whatever the depth. */
function startValue(scan: Scan): void {
  skipSpace(scan)
  const byte = peek(scan)
  const literal = LITERALS[byte]
  if (byte === OBJECT || byte === ARRAY) openBracket(scan, byte)
  else if (byte === QUOTE) skipString(scan)
  else if (byte === 0x2d || isDigit(byte)) skipNumber(scan)
  else if (literal !== undefined) skipLiteral(scan, literal)
  else throw unexpected(scan, 'looking for beginning of value')
}

function openBracket(scan: Scan, byte: number): void {
  scan.open.push(byte)
  if (scan.open.length > MAX_DEPTH) throw unexpected(scan, 'exceeded max depth')
  scan.at++
  scan.justOpened = true
}

function continueObject(scan: Scan): void {
  const byte = peek(scan)
  if (byte === OBJECT_END) {
    closeBracket(scan)
    return
  }
  if (!scan.justOpened) passComma(scan, 'after object key:value pair')
  scan.justOpened = false
  skipSpace(scan)
  if (peek(scan) !== QUOTE) throw unexpected(scan, 'looking for beginning of object key string')
  skipString(scan)
  skipSpace(scan)
  if (peek(scan) !== COLON) throw unexpected(scan, 'after object key')
  scan.at++
  startValue(scan)
}

function continueArray(scan: Scan): void {
  if (peek(scan) === ARRAY_END) {
    closeBracket(scan)
    return
  }
  if (!scan.justOpened) passComma(scan, 'after array element')
  scan.justOpened = false
  startValue(scan)
}

function passComma(scan: Scan, context: string): void {
  if (peek(scan) !== COMMA) throw unexpected(scan, context)
  scan.at++
}

function closeBracket(scan: Scan): void {
  scan.open.pop()
  scan.at++
  scan.justOpened = false
}

function skipString(scan: Scan): void {
  for (scan.at++; peek(scan) !== QUOTE; scan.at++) {
    const byte = peek(scan)
    if (byte < 0x20) throw unexpected(scan, 'in string literal')
    if (byte !== BACKSLASH) continue
    scan.at++
    const letter = peek(scan)
    if (letter === 0x75) skipHexadecimal(scan)
    else if (!'"\\/bfnrt'.includes(String.fromCharCode(letter))) throw unexpected(scan, 'in string escape code')
  }
  scan.at++
}

function skipHexadecimal(scan: Scan): void {
  for (let count = 0; count < 4; count++) {
    scan.at++
    if (!/[0-9a-fA-F]/.test(String.fromCharCode(peek(scan)))) throw unexpected(scan, 'in \\u hexadecimal character escape')
  }
}

function skipNumber(scan: Scan): void {
  if (peek(scan) === 0x2d) scan.at++
  if (!isDigit(peek(scan))) throw unexpected(scan, 'in numeric literal')
  if (peek(scan) === 0x30) scan.at++
  else skipDigits(scan)
  if (scan.bytes[scan.at] === 0x2e) {
    scan.at++
    if (!isDigit(peek(scan))) throw unexpected(scan, 'after decimal point in numeric literal')
    skipDigits(scan)
  }
  if (((scan.bytes[scan.at] ?? 0) | 0x20) !== 0x65) return
  scan.at++
  if (peek(scan) === 0x2b || peek(scan) === 0x2d) scan.at++
  if (!isDigit(peek(scan))) throw unexpected(scan, 'in exponent of numeric literal')
  skipDigits(scan)
}

function skipDigits(scan: Scan): void {
  while (isDigit(scan.bytes[scan.at] ?? 0)) scan.at++
}

function skipLiteral(scan: Scan, literal: string): void {
  for (const character of literal) {
    if (peek(scan) !== character.charCodeAt(0)) throw unexpected(scan, `in literal ${literal} (expecting '${character}')`)
    scan.at++
  }
}

function skipSpace(scan: Scan): void {
  for (;;) {
    const byte = scan.bytes[scan.at]
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return
    scan.at++
  }
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}

function peek(scan: Scan): number {
  const byte = scan.bytes[scan.at]
  if (byte === undefined) throw new AppError('invalid_request', 'unexpected EOF', { details: { isEnd: true } })
  return byte
}

function unexpected(scan: Scan, context: string): AppError {
  return new AppError('invalid_request', `invalid character ${quoteByte(peek(scan))} ${context}`)
}

/** One byte as Go shows it: a Latin-1 character in single quotes. */
function quoteByte(byte: number): string {
  if (byte === 0x27) return "'\\''"
  if (byte === QUOTE) return `'"'`
  return `'${quoteGo(String.fromCharCode(byte)).slice(1, -1)}'`
}
