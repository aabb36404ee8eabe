import type { JSX } from 'preact'
import type { ToolCallBody } from '../../src/api/message.ts'
import type { ToolResult } from './talk.ts'

export function ToolCalls({ calls }: { calls: readonly ToolCallBody[] }): JSX.Element | null {
  if (calls.length === 0) return null
  return (
    <ul class="calls" aria-label="Calls of tools">
      {calls.map((call, place) => (
        <li key={place}>
          <span class="badge">call</span> <code>{call.function.name}</code>
          <pre tabIndex={0}>{JSON.stringify(call.function.arguments, undefined, 2)}</pre>
        </li>
      ))}
    </ul>
  )
}

export function ToolResultView({ result: { call, text } }: { result: ToolResult }): JSX.Element {
  return (
    <article class="turn result" aria-label={`Result of ${call.function.name}`}>
      <span class="badge">result</span> <code>{call.function.name}</code>
      <pre tabIndex={0}>{text}</pre>
    </article>
  )
}
