// The Markdown that models write, line by line: headings, paragraphs, lists, quotes, tables, fenced code, rules. It follows CommonMark where that
// does not stand against how models write: a line break is a break, two blanks are enough to indent a list. HTML is text like any other, and an
// unfinished block (the reply is still coming) is what it will be.

import { parseInline } from './inline.ts'
import { isDelimiterRow, parseTable } from './table.ts'
import type { Block, ListItem } from './tree.ts'

/** Lists and quotes inside of each other; deeper ones are shown as they are written. */
const MAX_DEPTH = 8

const FENCE = /^ {0,3}(`{3,}|~{3,})([^`]*)$/
const HEADING = /^ {0,3}(#{1,6})(?:[ \t]|$)/
const RULE = /^ {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*$/
const QUOTE = /^ {0,3}> ?/
const ITEM = /^( *)([-*+]|\d{1,9}[.)])(?: +|$)/
const TASK = /^\[([ xX])\] +/

interface Found {
  block: Block
  /** The first line behind it. */
  next: number
}

export function parseBlocks(text: string): Block[] {
  return parseLines(text.replaceAll('\r\n', '\n').replaceAll('\t', '    ').split('\n'), 0)
}

function parseLines(lines: readonly string[], depth: number): Block[] {
  const blocks: Block[] = []
  let at = 0
  while (at < lines.length) {
    if (isBlank(lines[at])) {
      at++
      continue
    }
    const { block, next } = readBlock(lines, at, depth)
    blocks.push(block)
    at = next
  }
  return blocks
}

function readBlock(lines: readonly string[], at: number, depth: number): Found {
  const line = lines[at] ?? ''
  const fence = FENCE.exec(line)
  if (fence) return readCode(lines, at, fence)
  const heading = HEADING.exec(line)
  if (heading) return { block: toHeading(line, heading[1]?.length ?? 1), next: at + 1 }
  if (RULE.test(line)) return { block: { kind: 'rule' }, next: at + 1 }
  if (depth < MAX_DEPTH && QUOTE.test(line)) return readQuote(lines, at, depth)
  if (depth < MAX_DEPTH && ITEM.test(line)) return readList(lines, at, depth)
  if (line.includes('|') && isDelimiterRow(lines[at + 1])) return parseTable(lines, at)
  return readParagraph(lines, at)
}

function readCode(lines: readonly string[], at: number, [opening, marks = '', info = '']: RegExpExecArray): Found {
  const indent = opening.length - opening.trimStart().length
  const close = new RegExp(`^ {0,3}${marks.charAt(0)}{${marks.length},} *$`)
  let next = at + 1
  while (next < lines.length && !close.test(lines[next] ?? '')) next++
  const text = lines
    .slice(at + 1, next)
    .map((line) => unindent(line, indent))
    .join('\n')
  return { block: { kind: 'code', language: info.trim(), text }, next: next + 1 }
}

function toHeading(line: string, level: number): Block {
  const title = line.trim().slice(level).trim()
  let end = title.length
  while (title.charAt(end - 1) === '#') end--
  const isClosed = end === 0 || title.charAt(end - 1) === ' '
  return { kind: 'heading', level, content: parseInline(isClosed ? title.slice(0, end).trim() : title) }
}

function readQuote(lines: readonly string[], at: number, depth: number): Found {
  let next = at
  while (next < lines.length && QUOTE.test(lines[next] ?? '')) next++
  const inner = lines.slice(at, next).map((line) => line.replace(QUOTE, ''))
  return { block: { kind: 'quote', blocks: parseLines(inner, depth + 1) }, next }
}

function readList(lines: readonly string[], at: number, depth: number): Found {
  const [, blanks = '', marker = ''] = ITEM.exec(lines[at] ?? '') ?? []
  const kind = kindOf(marker)
  const items: ListItem[] = []
  let next = at
  for (;;) {
    const item = ITEM.exec(lines[next] ?? '')
    if (!item || kindOf(item[2] ?? '') !== kind || RULE.test(lines[next] ?? '')) break
    if (Math.abs((item[1] ?? '').length - blanks.length) > 1) break
    const end = endOfItem(lines, next, item)
    items.push(toItem(lines.slice(next, end), item, depth))
    next = end
    const following = skipBlank(lines, next)
    if (following > next && ITEM.test(lines[following] ?? '')) next = following
  }
  return { block: { kind: 'list', isOrdered: kind !== marker, start: Number.parseInt(marker, 10) || 0, items }, next }
}

/** The sign of a bullet, or what stands behind a number. */
function kindOf(marker: string): string {
  return marker.slice(-1)
}

/** An item has the lines that are indented, and those that go on with its last paragraph. */
function endOfItem(lines: readonly string[], at: number, item: RegExpExecArray): number {
  const indent = (item[1] ?? '').length + 2
  let openFence = FENCE.exec((lines[at] ?? '').slice(item[0].length))?.[1]
  let next = at + 1
  while (next < lines.length) {
    const line = lines[next] ?? ''
    const following = skipBlank(lines, next)
    const isIndented = indentOf(lines[following] ?? '') >= indent && following < lines.length
    const fence = FENCE.exec(unindent(line, item[0].length))?.[1]
    if (fence && isIndented) openFence = openFence === undefined ? fence : undefined
    if (isIndented) next = following + (following === next ? 1 : 0)
    else if (following > next || openFence !== undefined || startsBlock(line)) break
    else next++
  }
  return next
}

function toItem(lines: readonly string[], [lead, blanks = '']: RegExpExecArray, depth: number): ListItem {
  const [first = '', ...others] = lines
  const text = first.slice(lead.length)
  const task = TASK.exec(text)
  // Where models indent by two what a number would push by three.
  const indents = others.filter((line) => !isBlank(line) && indentOf(line) > blanks.length).map(indentOf)
  const indent = Math.min(lead.length, ...indents)
  const inner = [task ? text.slice(task[0].length) : text, ...others.map((line) => unindent(line, indent))]
  return { ...(task ? { isDone: task[1] !== ' ' } : {}), blocks: parseLines(inner, depth + 1) }
}

function readParagraph(lines: readonly string[], at: number): Found {
  let next = at + 1
  while (next < lines.length && !isBlank(lines[next]) && !startsBlock(lines[next] ?? '')) next++
  const text = lines
    .slice(at, next)
    .map((line) => line.trim())
    .join('\n')
  return { block: { kind: 'paragraph', content: parseInline(text) }, next }
}

function startsBlock(line: string): boolean {
  return [FENCE, HEADING, RULE, QUOTE, ITEM].some((pattern) => pattern.test(line))
}

function skipBlank(lines: readonly string[], at: number): number {
  let next = at
  while (next < lines.length && isBlank(lines[next])) next++
  return next
}

function isBlank(line: string | undefined): boolean {
  return (line ?? '').trim() === ''
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length
}

function unindent(line: string, count: number): string {
  return line.slice(Math.min(count, indentOf(line)))
}
