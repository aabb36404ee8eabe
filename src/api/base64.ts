// Base64 as Go's standard encoding reads it: padding is required, line breaks are skipped, the first wrong byte is named.

import { AppError } from '../base/errors.ts'

/** Throws `invalid_request`: `illegal base64 data at input byte N`. */
export function decodeBase64(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64')
  if (isClean(text, bytes.length)) return bytes
  const wrongAt = findWrongByte(text)
  if (wrongAt === undefined) return Buffer.from(text.replace(/[\r\n]/g, ''), 'base64')
  throw new AppError('invalid_request', `illegal base64 data at input byte ${wrongAt}`)
}

/** Node skips what it does not know and also takes the URL alphabet; then the length is short, or one of its two letters is there. */
function isClean(text: string, decodedBytes: number): boolean {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  return text.length % 4 === 0 && decodedBytes === (text.length / 4) * 3 - padding && !text.includes('-') && !text.includes('_')
}

function findWrongByte(text: string): number | undefined {
  let digits = 0
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at)
    if (character === '\r' || character === '\n') continue
    if (/[A-Za-z0-9+/]/.test(character)) digits++
    else return character === '=' ? findWrongPadding(text, at, digits % 4) : at
  }
  return digits % 4 === 0 ? undefined : text.length - (digits % 4)
}

/** `at` is the first `=`, behind `digits` characters of an unfinished group of four. */
function findWrongPadding(text: string, at: number, digits: number): number | undefined {
  if (digits < 2) return at
  let next = skipBreaks(text, at + 1)
  if (digits === 2) {
    if (next >= text.length) return text.length
    if (text.charAt(next) !== '=') return next - 1
    next = skipBreaks(text, next + 1)
  }
  return next < text.length ? next : undefined
}

function skipBreaks(text: string, from: number): number {
  let at = from
  while (text.charAt(at) === '\r' || text.charAt(at) === '\n') at++
  return at
}
