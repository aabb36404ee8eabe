import { describe, expect, test } from 'vitest'
import { parseTemplate } from '../parse.ts'
import { KNOWN_CHAT_TEMPLATES } from './chat-templates.ts'
import { detectTemplate, editDistance, MAX_DISTANCE } from './detect.ts'
import { BUILTIN_TEMPLATES } from './templates.ts'

describe('detectTemplate', () => {
  test('finds the family of every known chat template', () => {
    for (const { name, text } of KNOWN_CHAT_TEMPLATES) expect(detectTemplate(text)?.name).toBe(name)
  })

  test('gives the template and the stop texts of the family', () => {
    const chatml = KNOWN_CHAT_TEMPLATES.find(({ name }) => name === 'chatml')
    expect(detectTemplate(`${chatml?.text} `)).toEqual({
      name: 'chatml',
      template: BUILTIN_TEMPLATES.chatml?.template,
      parameters: { stop: ['<|im_start|>', '<|im_end|>'] },
    })
  })

  test('accepts a template that is a little different and refuses one that is not', () => {
    const text = KNOWN_CHAT_TEMPLATES.find(({ name }) => name === 'command-r')?.text ?? ''
    expect(detectTemplate(text + '~'.repeat(MAX_DISTANCE - 1))?.name).toBe('command-r')
    expect(detectTemplate(text + '~'.repeat(MAX_DISTANCE))).toBeUndefined()
    expect(detectTemplate('')).toBeUndefined()
  })

  test('every family has a template that parses and stops', () => {
    for (const { name } of KNOWN_CHAT_TEMPLATES) expect(BUILTIN_TEMPLATES[name]?.stop.length).toBeGreaterThan(0)
    for (const { template } of Object.values(BUILTIN_TEMPLATES)) expect(() => parseTemplate(template)).not.toThrow()
  })
})

describe('editDistance', () => {
  const points = (text: string): Uint32Array => Uint32Array.from(text, (character) => character.codePointAt(0) ?? 0)

  test.each([
    ['kitten', 'sitting', 3],
    ['', 'abc', 3],
    ['abc', '', 3],
    ['same', 'same', 0],
    ['🚀', '🚁', 1],
    ['abcdef', 'fedcba', 6],
  ])('between %j and %j is %i', (a, b, distance) => {
    expect(editDistance(points(a), points(b), 100)).toBe(distance)
    expect(editDistance(points(b), points(a), 100)).toBe(distance)
  })

  test('is the limit where it is no smaller', () => {
    expect(editDistance(points('abcdef'), points('fedcba'), 7)).toBe(6)
    expect(editDistance(points('abcdef'), points('fedcba'), 6)).toBe(6)
    expect(editDistance(points('abcdef'), points('fedcba'), 3)).toBe(3)
  })

  test('agrees with the whole table for every limit', () => {
    const a = 'the quick brown fox jumps over it'
    const b = 'a quack brawn fax leaps over that one'
    const exact = tableDistance(a, b)
    for (let limit = 1; limit < 40; limit++) expect(editDistance(points(a), points(b), limit)).toBe(Math.min(exact, limit))
  })
})

function tableDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1]
    for (let j = 0; j < b.length; j++)
      next.push(Math.min((row[j] ?? 0) + (letter === b[j] ? 0 : 1), (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    row = next
  }
  return row.at(-1) ?? 0
}
