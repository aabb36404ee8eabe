import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fullName, type ModelName, shortName, toFlatParts, toModelName, tryParseModelName } from '../../src/model/name.ts'
import { fuzzRuns } from '../support/fuzz-seed.ts'

const PIECES = [
  'a',
  'Llama',
  '3.2',
  '-',
  '_',
  '.',
  '..',
  '/',
  '//',
  ':',
  '::',
  '://',
  'http://',
  'hf.co',
  'localhost:11434',
  'ghcr.io',
  '@sha256:',
  '%2e',
  '\\',
  '\0',
  ' ',
  'é',
  'latest',
  'x'.repeat(80),
]

const names = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...PIECES) }, fc.string()), { maxLength: 10 }).map((parts) => parts.join('')),
)

const parsed = (text: string): ModelName => {
  const name = tryParseModelName(text)
  fc.pre(name !== undefined)
  return name as ModelName
}

describe('whatever is given as the name of a model', () => {
  it('is a name or is none, and a name is safe as folders of the store', () => {
    fc.assert(
      fc.property(names, (text) => {
        const name = tryParseModelName(text)
        if (!name) return
        for (const part of Object.values(toFlatParts(name))) {
          expect(part).toMatch(/^[A-Za-z0-9_][A-Za-z0-9_.:-]*$/)
          expect(part.length).toBeLessThanOrEqual(350)
        }
        expect(toModelName(toFlatParts(name))).toEqual(name)
      }),
      fuzzRuns(500),
    )
  })

  it('is the same name in full and in short', () => {
    fc.assert(
      fc.property(names, (text) => {
        const name = parsed(text)
        expect(tryParseModelName(fullName(name))).toEqual(name)
        expect(tryParseModelName(shortName(name))).toEqual(name)
      }),
      fuzzRuns(300),
    )
  })
})
