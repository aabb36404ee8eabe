// Draws the tree of a reply. All text goes in as text: nothing here, or anywhere in the console, sets HTML, and the page's policy forbids it.

import type { ComponentChildren, JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import { parseBlocks } from './blocks.ts'
import { CodeBlock } from './code-block.tsx'
import type { Align, Block, Inline, ListItem } from './tree.ts'

export function Markdown({ text }: { text: string }): JSX.Element {
  const drawn = useMemo(() => parseBlocks(text).map(drawBlock), [text])
  return <div class="markdown">{drawn}</div>
}

function drawBlock(block: Block, key: number): JSX.Element {
  switch (block.kind) {
    case 'paragraph':
      return <p key={key}>{block.content.map(drawInline)}</p>
    case 'heading':
      return <Heading key={key} level={block.level} content={block.content} />
    case 'code':
      return <CodeBlock key={key} language={block.language} text={block.text} />
    case 'quote':
      return <blockquote key={key}>{block.blocks.map(drawBlock)}</blockquote>
    case 'list':
      return block.isOrdered ? (
        <ol key={key} start={block.start}>
          {block.items.map(drawItem)}
        </ol>
      ) : (
        <ul key={key}>{block.items.map(drawItem)}</ul>
      )
    case 'table':
      return <Table key={key} {...block} />
    case 'rule':
      return <hr key={key} />
  }
}

/** Below the heading of the page itself. */
function Heading({ level, content }: { level: number; content: Inline[] }): JSX.Element {
  const inner = content.map(drawInline)
  switch (level) {
    case 1:
      return <h2>{inner}</h2>
    case 2:
      return <h3>{inner}</h3>
    case 3:
      return <h4>{inner}</h4>
    default:
      return <h5>{inner}</h5>
  }
}

function drawItem({ isDone, blocks }: ListItem, key: number): JSX.Element {
  return (
    <li key={key} class={isDone === undefined ? undefined : 'task'}>
      {isDone !== undefined && <input type="checkbox" checked={isDone} disabled aria-label={isDone ? 'done' : 'to do'} />}
      {blocks.map(drawBlock)}
    </li>
  )
}

function Table({ aligns, head, rows }: Extract<Block, { kind: 'table' }>): JSX.Element {
  const classes = aligns.map(toClass)
  return (
    <section class="scrolled" aria-label="Table" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {head.map((cell, column) => (
              <th key={column} scope="col" class={classes[column]}>
                {cell.map(drawInline)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, line) => (
            <tr key={line}>
              {row.map((cell, column) => (
                <td key={column} class={classes[column]}>
                  {cell.map(drawInline)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

function toClass(align: Align): string | undefined {
  return align && `align-${align}`
}

function drawInline(inline: Inline, key: number): ComponentChildren {
  switch (inline.kind) {
    case 'text':
      return inline.text
    case 'code':
      return <code key={key}>{inline.text}</code>
    case 'strong':
      return <strong key={key}>{inline.content.map(drawInline)}</strong>
    case 'emphasis':
      return <em key={key}>{inline.content.map(drawInline)}</em>
    case 'struck':
      return <del key={key}>{inline.content.map(drawInline)}</del>
    case 'link':
      return (
        <a key={key} href={inline.url} title={inline.url} target="_blank" rel="noopener noreferrer">
          {inline.content.map(drawInline)}
        </a>
      )
    case 'break':
      return <br key={key} />
  }
}
