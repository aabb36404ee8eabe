import { describe, expect, it } from 'vitest'
import { fullName, isSameName, parseModelName, shortName, tryParseModelName } from './name.ts'

describe('model names', () => {
  it.each([
    ['m', 'registry.ollama.ai/library/m:latest', 'm:latest'],
    ['m:7b', 'registry.ollama.ai/library/m:7b', 'm:7b'],
    ['ns/m', 'registry.ollama.ai/ns/m:latest', 'ns/m:latest'],
    ['h.io/ns/m:t', 'h.io/ns/m:t', 'h.io/ns/m:t'],
    ['localhost:5000/ns/m', 'localhost:5000/ns/m:latest', 'localhost:5000/ns/m:latest'],
    ['https://h.io/ns/m', 'h.io/ns/m:latest', 'h.io/ns/m:latest'],
    ['M_x.y-z:T.1', 'registry.ollama.ai/library/M_x.y-z:T.1', 'M_x.y-z:T.1'],
  ])('%s is whole as %s and short as %s', (text, full, short) => {
    const name = parseModelName(text)
    expect(fullName(name)).toBe(full)
    expect(shortName(name)).toBe(short)
  })

  it.each([
    '',
    ' ',
    'a:',
    '/a',
    'a//b',
    'a/b/c/d',
    '../x',
    'a/../b',
    '..',
    '.a',
    '-a',
    'a b',
    'localhost:11434/x',
    'ns.dot/m',
    'm@sha256:00',
    `${'a'.repeat(81)}`,
    'a:b:c\n',
  ])('%j is refused', (text) => expect(tryParseModelName(text)).toBeUndefined())

  it('accepts the longest parts', () => {
    expect(tryParseModelName(`${'h'.repeat(350)}/${'n'.repeat(80)}/${'m'.repeat(80)}:${'t'.repeat(80)}`)).toBeDefined()
  })

  it('sees names that differ in case as the same', () => {
    expect(isSameName(parseModelName('Ns/M:T'), parseModelName('ns/m:t'))).toBe(true)
    expect(isSameName(parseModelName('m:t'), parseModelName('m:u'))).toBe(false)
  })
})
