import { describe, expect, it } from 'vitest'
import { parseBlocks } from './blocks.ts'
import type { Block, Inline } from './tree.ts'

/** The tree as a short text: kinds, and what is in them. */
function sketch(text: string): string {
  return parseBlocks(text).map(sketchBlock).join(' ')
}

function sketchBlock(block: Block): string {
  switch (block.kind) {
    case 'paragraph':
      return `p(${sketchInlines(block.content)})`
    case 'heading':
      return `h${block.level}(${sketchInlines(block.content)})`
    case 'code':
      return `code${block.language ? `.${block.language}` : ''}(${block.text.replaceAll('\n', '↵')})`
    case 'quote':
      return `quote(${block.blocks.map(sketchBlock).join(' ')})`
    case 'list': {
      const items = block.items.map(
        ({ isDone, blocks }) => `${isDone === undefined ? '' : isDone ? '[x]' : '[ ]'}${blocks.map(sketchBlock).join(' ')}`,
      )
      return `${block.isOrdered ? `ol${block.start}` : 'ul'}(${items.join(' | ')})`
    }
    case 'table':
      return `table(${[block.head, ...block.rows].map((row) => row.map(sketchInlines).join(',')).join(' / ')})`
    case 'rule':
      return 'hr'
  }
}

function sketchInlines(content: readonly Inline[]): string {
  return content.map((inline) => ('text' in inline ? inline.text : inline.kind === 'break' ? '↵' : `${inline.kind}`)).join('')
}

describe('blocks', () => {
  it.each([
    ['one\ntwo\n\nthree', 'p(one↵two) p(three)'],
    ['# One\n### Three ###\n#no heading\n## C#', 'h1(One) h3(Three) p(#no heading) h2(C#)'],
    ['above\n---\nbelow\n* * *', 'p(above) hr p(below) hr'],
    ['> said\n> \n> - so\n\nafter', 'quote(p(said) ul(p(so))) p(after)'],
    ['```ts\nlet a = 1\n\n# no heading\n```\nafter', 'code.ts(let a = 1↵↵# no heading) p(after)'],
    ['~~~\n```\n~~~', 'code(```)'],
    ['````md\n```\ninner\n```\n````', 'code.md(```↵inner↵```)'],
    ['   ```\n   indented\n  less\n   ```', 'code(indented↵less)'],
    ['', ''],
    ['\n \n', ''],
  ])('%j is %s', (text, expected) => {
    expect(sketch(text)).toBe(expected)
  })

  it('are what they will be while the reply is still coming', () => {
    expect(sketch('Here:\n```py\nprint(1')).toBe('p(Here:) code.py(print(1)')
    expect(sketch('| a | b |\n|---|---|\n| 1 |')).toBe('table(a,b / 1,)')
    expect(sketch('- one\n-')).toBe('ul(p(one) | )')
  })
})

describe('lists', () => {
  it.each([
    ['- a\n- b', 'ul(p(a) | p(b))'],
    ['1. a\n2. b', 'ol1(p(a) | p(b))'],
    ['7) a', 'ol7(p(a))'],
    ['- a\n\n- b', 'ul(p(a) | p(b))'],
    ['- a\n  goes on\nlazily\n- b', 'ul(p(a↵goes on↵lazily) | p(b))'],
    ['- a\n  - aa\n    - aaa\n  - ab\n- b', 'ul(p(a) ul(p(aa) ul(p(aaa)) | p(ab)) | p(b))'],
    ['1. a\n  - by two\n2. b', 'ol1(p(a) ul(p(by two)) | p(b))'],
    ['1. a\n   - by three\n2. b', 'ol1(p(a) ul(p(by three)) | p(b))'],
    ['- a\n\n  more of a\n\nafter', 'ul(p(a) p(more of a)) p(after)'],
    ['- a\n  ```\n  - code\n  ```\n- b', 'ul(p(a) code(- code) | p(b))'],
    ['- [ ] do\n- [x] done\n- [X] too', 'ul([ ]p(do) | [x]p(done) | [x]p(too))'],
    ['- a\n* b', 'ul(p(a)) ul(p(b))'],
    ['- a\n1. b', 'ul(p(a)) ol1(p(b))'],
    ['text\n- a', 'p(text) ul(p(a))'],
  ])('%j is %s', (text, expected) => {
    expect(sketch(text)).toBe(expected)
  })

  it('deeper than anybody means are shown as they are written', () => {
    const deep = Array.from({ length: 40 }, (_, depth) => `${'  '.repeat(depth)}- ${depth}`).join('\n')
    expect(sketch(deep)).toContain('ul(p(7) p(- 8')
    expect(sketch('>'.repeat(5000))).toContain('quote(')
  })
})

describe('tables', () => {
  it('have the columns of their second line', () => {
    expect(sketch('| a | b |\n|:--|--:|\n| 1 | 2 | 3 |\n| 4 |\nafter')).toBe('table(a,b / 1,2 / 4,) p(after)')
    expect(parseBlocks('a|b|c\n:-|:-:|-:\n1|2|3')).toMatchObject([{ kind: 'table', aligns: ['left', 'center', 'right'] }])
  })

  it('keep bars in code and behind a backslash', () => {
    expect(sketch('| a | b |\n|---|---|\n| `x | y` | a \\| b |')).toBe('table(a,b / x | y,a | b)')
  })

  it('need that second line', () => {
    expect(sketch('a | b\nc | d')).toBe('p(a | b↵c | d)')
  })
})

describe('text that means harm', () => {
  it('is text: there is no kind for HTML', () => {
    const text = '<script>alert(1)</script>\n<img src=x onerror=alert(1)>\n\n<!-- -->'
    expect(sketch(text)).toBe('p(<script>alert(1)</script>↵<img src=x onerror=alert(1)>) p(<!-- -->)')
  })

  it.each([
    ['stars', '*'.repeat(50_000)],
    ['open emphasis', '*a '.repeat(15_000)],
    ['both kinds of emphasis', '*a _b '.repeat(8_000)],
    ['brackets', '['.repeat(50_000)],
    ['links without an end', '[a]('.repeat(8_000)],
    ['closed brackets', '[](http://a)'.repeat(3_000)],
    ['backticks', '`'.repeat(3).concat(' `` ').repeat(8_000)],
    ['runs of all lengths', Array.from({ length: 400 }, (_, index) => '`'.repeat(index + 1)).join(' ')],
    ['angles', '<http://'.repeat(15_000)],
    ['quotes', '> '.repeat(50_000)],
    ['bullets', '- '.repeat(50_000)],
    ['bars', `${'|'.repeat(50_000)}\n${'|-'.repeat(50_000)}|`],
    ['blank lines in a list', `- a${'\n'.repeat(50_000)}b`],
    ['numbers', '1. a\n'.repeat(3_000)],
    ['addresses', 'http://a.b/((((((((('.repeat(5000)],
  ])('%s cost no more than their length', (_, text) => {
    const characters = JSON.stringify(parseBlocks(text)).length
    expect(characters).toBeLessThan(text.length * 60)
  })
})
