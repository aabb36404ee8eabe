import { describe, expect, it } from 'vitest'
import { parseInline } from './inline.ts'
import type { Inline } from './tree.ts'

const MARKS = { strong: 'b', emphasis: 'i', struck: 's' } as const

/** As tags, with text as it is. */
function draw(content: readonly Inline[]): string {
  return content
    .map((inline) => {
      if (inline.kind === 'text') return inline.text
      if (inline.kind === 'break') return '↵'
      if (inline.kind === 'code') return `‹${inline.text}›`
      if (inline.kind === 'link') return `[${draw(inline.content)}→${inline.url}]`
      return `(${MARKS[inline.kind]} ${draw(inline.content)})`
    })
    .join('')
}

const drawn = (text: string) => draw(parseInline(text))

describe('emphasis', () => {
  it.each([
    ['*a* _b_ **c** __d__ ~~e~~', '(i a) (i b) (b c) (b d) (s e)'],
    ['***both***', '(i (b both))'],
    ['**a *b* c**', '(b a (i b) c)'],
    ['*a **b** c*', '(i a (b b) c)'],
    ['**bold**text', '(b bold)text'],
    ['snake_case_name and __init__', 'snake_case_name and (b init)'],
    ['2 * 3 * 4', '2 * 3 * 4'],
    ['**open', '**open'],
    ['a ~b~ c', 'a ~b~ c'],
    ['*a _b* c_', '(i a _b) c_'],
    ['****', '****'],
    ['\\*plain\\*', '*plain*'],
    ['back\\slash', 'back\\slash'],
  ])('%j is %s', (text, expected) => {
    expect(drawn(text)).toBe(expected)
  })

  it('is drawn as deep as anybody needs, and not deeper', () => {
    const deep = `${'*a '.repeat(1000)}${'b* '.repeat(1000)}`
    expect(JSON.stringify(parseInline(deep)).split('"content"').length - 1).toBeLessThanOrEqual(16)
  })
})

describe('code', () => {
  it.each([
    ['`a *b* <c>`', '‹a *b* <c>›'],
    ['`` a ` b ``', '‹a ` b›'],
    ['`open', '`open'],
    ['``open`', '``open`'],
    ['`a\nb`', '‹a b›'],
    ['*`a*`', '*‹a*›'],
  ])('%j is %s', (text, expected) => {
    expect(drawn(text)).toBe(expected)
  })
})

describe('links', () => {
  it.each([
    ['[a](https://b.test/c)', '[a→https://b.test/c]'],
    ['[**a**](https://b.test "title")', '[(b a)→https://b.test/]'],
    ['[a](https://b.test/c_(d))', '[a→https://b.test/c_(d)]'],
    ['![a](https://b.test/x.png)', '[a→https://b.test/x.png]'],
    ['[](https://b.test)', '[https://b.test/→https://b.test/]'],
    [
      'see https://b.test/x. And (https://c.test/y_z).',
      'see [https://b.test/x→https://b.test/x]. And ([https://c.test/y_z→https://c.test/y_z]).',
    ],
    ['<https://b.test/>', '[https://b.test/→https://b.test/]'],
    ['<mailto:a@b.test>', '[mailto:a@b.test→mailto:a@b.test]'],
    ['[a [b](https://c.test) d](https://e.test)', '[a [b→https://c.test/] d]([https://e.test→https://e.test/])'],
    ['[a]', '[a]'],
    ['[a](', '[a]('],
    ['a[0](1)', 'a[0](1)'],
    ['xhttps://b.test', 'xhttps://b.test'],
  ])('%j is %s', (text, expected) => {
    expect(drawn(text)).toBe(expected)
  })

  it.each([
    'javascript:alert(1)',
    'JavaScript:alert(1)',
    ' javascript:alert(1)',
    'data:text/html,x',
    'vbscript:x',
    'file:///etc/passwd',
    '//b.test',
    'b.test',
    'java\tscript:alert(1)',
  ])('to %j are none', (url) => {
    const links = JSON.stringify(parseInline(`[a](${url}) <${url}> ![b](${url})`))
    expect(links).not.toContain('"link"')
  })
})

it('a line break is a break', () => {
  expect(drawn('one\ntwo')).toBe('one↵two')
})
