// The Markdown inside a line of text: code, emphasis, links. One pass from left to right, so that a hostile reply costs no more than its length:
// delimiters wait on a stack of bounded height, code looks its end up in a table. Whatever does not fit together stays the text that it is.

import { toSafeUrl } from './links.ts'
import type { Inline } from './tree.ts'

/** Deeper nesting is shown as it is written: the tree is drawn by recursion. */
const MAX_OPEN = 16

interface Opener {
  char: string
  count: number
  /** Index in `nodes` of the text that stands for it until it is closed. */
  index: number
}

interface Bracket {
  index: number
  /** Where the openers inside of it begin. */
  openers: number
}

const PUNCTUATION = /[!-/:-@[-`{-~]/
const BARE_URL = /https?:\/\/[^\s<>"'`]+/y
const BRACKETED_URL = /<((?:https?:\/\/|mailto:)[^\s<>]+)>/y
const MAX_TARGET_CHARACTERS = 2000
const WORD = /[\p{L}\p{N}]/u

export function parseInline(text: string): Inline[] {
  return new InlineParser(text).parse()
}

class InlineParser {
  private readonly nodes: Inline[] = []
  private readonly openers: Opener[] = []
  private readonly brackets: Bracket[] = []
  private readonly ticks: ReadonlyMap<number, number[]>
  private readonly text: string
  private at = 0

  constructor(text: string) {
    this.text = text
    this.ticks = findTicks(text)
  }

  parse(): Inline[] {
    while (this.at < this.text.length) this.step()
    return joinTexts(this.nodes)
  }

  private step(): void {
    const char = this.text.charAt(this.at)
    switch (char) {
      case '\\':
        this.takeEscape()
        break
      case '\n':
        this.nodes.push({ kind: 'break' })
        this.at++
        break
      case '`':
        this.takeCode()
        break
      case '*':
      case '_':
      case '~':
        this.takeDelimiters(char)
        break
      case '[':
        this.openBracket()
        break
      case ']':
        this.closeBracket()
        break
      case '<':
        this.takeUrl(BRACKETED_URL)
        break
      case 'h':
        this.takeUrl(BARE_URL)
        break
      default:
        this.takeText()
    }
  }

  private addText(text: string): void {
    this.nodes.push({ kind: 'text', text })
    this.at += text.length
  }

  private takeText(): void {
    const next = this.text.slice(this.at + 1, this.at + 4096).search(/[\\\n`*_~[\]<h]/)
    this.addText(this.text.slice(this.at, next < 0 ? this.at + 4096 : this.at + 1 + next))
  }

  private takeEscape(): void {
    const next = this.text.charAt(this.at + 1)
    if (!PUNCTUATION.test(next)) {
      this.addText('\\')
      return
    }
    this.nodes.push({ kind: 'text', text: next })
    this.at += 2
  }

  private takeCode(): void {
    const length = runLength(this.text, this.at)
    const end = this.ticks.get(length)?.find((place) => place > this.at)
    if (end === undefined) {
      this.addText('`'.repeat(length))
      return
    }
    // Places behind are not asked for again.
    const places = this.ticks.get(length) ?? []
    places.splice(0, places.indexOf(end) + 1)
    const inner = this.text.slice(this.at + length, end).replaceAll('\n', ' ')
    const isPadded = inner.startsWith(' ') && inner.endsWith(' ') && inner.trim() !== ''
    this.nodes.push({ kind: 'code', text: isPadded ? inner.slice(1, -1) : inner })
    this.at = end + length
  }

  private takeUrl(pattern: RegExp): void {
    pattern.lastIndex = this.at
    const found = WORD.test(this.text.charAt(this.at - 1)) ? null : pattern.exec(this.text)
    const shown = found && (found[1] ?? trimUrl(found[0]))
    const url = shown && toSafeUrl(shown)
    if (!found || !shown || !url) {
      this.takeText()
      return
    }
    this.nodes.push({ kind: 'link', url, content: [{ kind: 'text', text: shown }] })
    this.at += found[1] === undefined ? shown.length : found[0].length
  }

  private takeDelimiters(char: string): void {
    let count = runLength(this.text, this.at)
    const before = this.text.charAt(this.at - 1)
    const after = this.text.charAt(this.at + count)
    const isAfterWord = before !== '' && !/\s/.test(before)
    const isBeforeWord = after !== '' && !/\s/.test(after)
    const isInside = char === '_' && WORD.test(before) && WORD.test(after)
    this.at += count
    if (char === '~' && count !== 2) {
      this.nodes.push({ kind: 'text', text: char.repeat(count) })
      return
    }
    if (isAfterWord && !isInside) while (count > 0) if (!this.close(char, count, (used) => (count -= used))) break
    if (count === 0) return
    this.nodes.push({ kind: 'text', text: char.repeat(count) })
    if (isBeforeWord && !isInside && this.openers.length < MAX_OPEN) this.openers.push({ char, count, index: this.nodes.length - 1 })
  }

  /** Closes the nearest opener of the same kind; what was opened within it and not closed stays text. */
  private close(char: string, count: number, use: (used: number) => void): boolean {
    const floor = this.brackets.at(-1)?.openers ?? 0
    let place = this.openers.length - 1
    while (place >= floor && this.openers[place]?.char !== char) place--
    const opener = this.openers[place]
    if (place < floor || !opener || opener.index === this.nodes.length - 1) return false
    this.openers.length = place
    const used = Math.min(2, opener.count, count)
    const content = joinTexts(this.nodes.splice(opener.index + 1))
    this.nodes.pop()
    const left = opener.count - used
    if (left > 0) {
      this.nodes.push({ kind: 'text', text: char.repeat(left) })
      this.openers.push({ char, count: left, index: this.nodes.length - 1 })
    }
    this.nodes.push({ kind: char === '~' ? 'struck' : used === 2 ? 'strong' : 'emphasis', content })
    use(used)
    return true
  }

  private openBracket(): void {
    if (this.brackets.length < MAX_OPEN) this.brackets.push({ index: this.nodes.length, openers: this.openers.length })
    this.addText('[')
  }

  private closeBracket(): void {
    const bracket = this.brackets.pop()
    const target = bracket && readTarget(this.text, this.at + 1)
    const url = target && toSafeUrl(target.url)
    if (!bracket || !target || !url) {
      this.addText(']')
      return
    }
    this.openers.length = bracket.openers
    // No link holds another.
    this.brackets.length = 0
    const content = joinTexts(this.nodes.splice(bracket.index + 1))
    this.nodes.pop()
    // An image is a link to it: nothing is fetched because a model says so.
    const before = this.nodes.at(-1)
    if (before?.kind === 'text' && before.text.endsWith('!')) before.text = before.text.slice(0, -1)
    this.nodes.push({ kind: 'link', url, content: content.length > 0 ? content : [{ kind: 'text', text: url }] })
    this.at = target.end
  }
}

/** `(url)` or `(url "title")`. */
function readTarget(text: string, start: number): { url: string; end: number } | undefined {
  if (text.charAt(start) !== '(') return undefined
  let depth = 1
  for (let at = start + 1; at < text.length && at - start < MAX_TARGET_CHARACTERS; at++) {
    const char = text.charAt(at)
    if (char === '\n') return undefined
    if (char === '(') depth++
    if (char === ')' && --depth === 0) {
      const [url = ''] = text
        .slice(start + 1, at)
        .trim()
        .split(/\s/)
      return { url: url.replace(/^<|>$/g, ''), end: at + 1 }
    }
  }
  return undefined
}

/** Signs at the end belong to the sentence, and so does a parenthesis that was opened outside. */
function trimUrl(url: string): string {
  let end = url.length
  for (; end > 0; end--) {
    const char = url.charAt(end - 1)
    if (char === ')' && url.slice(0, end).includes('(')) break
    if (!'.,;:!?)]}*_~'.includes(char)) break
  }
  return url.slice(0, end)
}

/** Where runs of backticks begin, by their length. */
function findTicks(text: string): Map<number, number[]> {
  const places = new Map<number, number[]>()
  for (const { 0: run, index } of text.matchAll(/`+/g)) {
    const known = places.get(run.length)
    if (known) known.push(index)
    else places.set(run.length, [index])
  }
  return places
}

function runLength(text: string, start: number): number {
  let end = start + 1
  while (text.charAt(end) === text.charAt(start)) end++
  return end - start
}

function joinTexts(nodes: readonly Inline[]): Inline[] {
  const joined: Inline[] = []
  for (const node of nodes) {
    const last = joined.at(-1)
    if (node.kind === 'text' && last?.kind === 'text') last.text += node.text
    else if (node.kind !== 'text' || node.text !== '') joined.push(node.kind === 'text' ? { ...node } : node)
  }
  return joined
}
