import { describe, expect, it } from 'vitest'
import { fullName, isSameName, parseModelName, shortName, toFlatParts, tryParseModelName } from './name.ts'

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
    'http://m',
    'http://ns/m',
  ])('%j is refused', (text) => expect(tryParseModelName(text)).toBeUndefined())

  it('accepts the longest parts', () => {
    expect(tryParseModelName(`${'h'.repeat(350)}/${'n'.repeat(80)}/${'m'.repeat(80)}:${'t'.repeat(80)}`)).toBeDefined()
  })

  it('sees names that differ in case as the same', () => {
    expect(isSameName(parseModelName('Ns/M:T'), parseModelName('ns/m:t'))).toBe(true)
    expect(isSameName(parseModelName('m:t'), parseModelName('m:u'))).toBe(false)
  })

  it.each([
    ['ghcr.io/org/team/m', 'ghcr.io/org/team/m:latest', 'ghcr.io::org::team/_/m'],
    ['localhost/a/b/m:t', 'localhost/a/b/m:t', 'localhost::a::b/_/m'],
    ['host:5000/a/b.c/d-e/m', 'host:5000/a/b.c/d-e/m:latest', 'host:5000::a::b.c::d-e/_/m'],
    ['127.0.0.1:5000/a/b/m', '127.0.0.1:5000/a/b/m:latest', '127.0.0.1:5000::a::b/_/m'],
    ['https://h.io/a/b/m', 'h.io/a/b/m:latest', 'h.io::a::b/_/m'],
  ])('%s has a namespace of several segments, and a place among the names of four parts', (text, full, flat) => {
    const name = parseModelName(text)
    expect([fullName(name), shortName(name)]).toEqual([full, full])
    const parts = toFlatParts(name)
    expect(`${parts.host}/${parts.namespace}/${parts.model}`).toBe(flat)
    expect(tryParseModelName(flat.concat(':', name.tag))).toEqual(name)
  })

  it('keeps names of three segments as they are', () => {
    const name = parseModelName('h.io/ns/m:t')
    expect(toFlatParts(name)).toEqual(name)
  })

  it.each([
    'registry.ollama.ai/a/b/m',
    'x:a/b/c/d',
    'h.io/a/../m',
    'h.io/a//m',
    'h.io/.a/b/m',
    'h.io/a/b:c/m',
    'h.io::a/_/m',
    'h.io::a::b/ns/m',
    'h.io::a::../_/m',
    'h.io::::b/_/m',
    'nohost::a::b/_/m',
    `h.io/${'s'.repeat(81)}/b/m`,
    `h.io/${`${'s'.repeat(79)}/`.repeat(3)}${'s'.repeat(7)}/m`,
  ])('%j is no name of several segments', (text) => expect(tryParseModelName(text)).toBeUndefined())

  it('fills one name of a folder and no more', () => {
    // 4 for the host, 81 for each long segment with its colons, 8 for the last.
    expect(tryParseModelName(`h.io/${`${'s'.repeat(79)}/`.repeat(3)}${'s'.repeat(6)}/m`)).toBeDefined()
  })
})
