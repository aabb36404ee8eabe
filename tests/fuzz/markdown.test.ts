// What a model may write, drawn by the console while it comes: every beginning of a reply becomes a tree, whose links lead to pages only.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseBlocks } from '../../web/markdown/blocks.ts'

const piece = fc.constantFrom(
  ...[
    '*',
    '**',
    '_',
    '~~',
    '`',
    '``',
    '```',
    '\n',
    '\n\n',
    '    ',
    '  ',
    '- ',
    '1. ',
    '> ',
    '# ',
    '|',
    '\n|-|-|\n',
    '[',
    ']',
    '](',
    ')',
    '!',
    '\\',
  ],
  ...[
    'http://a.b/',
    '<https://c.d>',
    'javascript:alert(1)',
    'data:text/html,x',
    '<script>',
    '[x] ',
    '---',
    'a',
    'word ',
    '🦙',
    '\r\n',
    '\t',
    '\0',
  ],
)
const reply = fc.array(fc.oneof(piece, fc.string({ maxLength: 5 })), { maxLength: 40 }).map((pieces) => pieces.join(''))

describe('a reply in Markdown', () => {
  it('becomes a tree at each of its characters', () => {
    fc.assert(
      fc.property(reply, (text) => {
        for (let end = 0; end <= text.length; end++) parseBlocks(text.slice(0, end))
      }),
    )
  })

  it('has links to pages only', () => {
    fc.assert(
      fc.property(reply, (text) => {
        for (const [, url = ''] of JSON.stringify(parseBlocks(text)).matchAll(/"kind":"link","url":"([^"]*)"/g))
          expect(url).toMatch(/^(https?|mailto):/)
      }),
    )
  })

  it('loses no word', () => {
    const words = fc.array(fc.constantFrom('alpha', 'beta', 'gamma'), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(words, piece, piece, (all, before, after) => {
        const drawn = JSON.stringify(parseBlocks(`${before}${all.join(' ')}${after}`))
        for (const word of all) expect(drawn).toContain(word)
      }),
    )
  })
})
