import type { JSX } from 'preact'
import { Markdown } from '../markdown/markdown.tsx'
import { CopyButton } from '../shell/copy-button.tsx'
import { describeCuts, describeFigures, type Reply } from './reply.ts'
import { ToolCalls } from './tool-calls.tsx'

export interface ReplyViewProps {
  reply: Reply
  /** Of the last one only. */
  onAgain?: () => void
}

export function ReplyView({ reply, onAgain }: ReplyViewProps): JSX.Element {
  const { model, text, thinking, calls, state, error, figures = {} } = reply
  const isRunning = state === 'running'
  const isWaiting = isRunning && text === '' && thinking === '' && calls.length === 0
  return (
    <article class="turn reply" aria-label={`Reply of ${model}`} aria-busy={isRunning}>
      {thinking !== '' && <Thinking text={thinking} isRunning={isRunning && text === '' && calls.length === 0} />}
      {isWaiting && <p class="hint waiting">The model reads…</p>}
      {text !== '' && <Markdown text={text} />}
      <ToolCalls calls={calls} />
      {state === 'failed' && (
        <p class="failure" role="alert">
          {error}
        </p>
      )}
      {state === 'stopped' && <p class="hint">Stopped here.</p>}
      {describeCuts(figures).map((line) => (
        <p key={line} class="notice">
          {line}
        </p>
      ))}
      {!isRunning && (
        <div class="buttons">
          {text !== '' && <CopyButton text={text} label="Copy the reply" />}
          {onAgain && (
            <button type="button" class="quiet" onClick={onAgain}>
              Ask again
            </button>
          )}
          <span class="figures">{[model, ...describeFigures(figures)].join(' · ')}</span>
        </div>
      )}
    </article>
  )
}

function Thinking({ text, isRunning }: { text: string; isRunning: boolean }): JSX.Element {
  return (
    <details class="thinking">
      <summary>{isRunning ? 'Thinking…' : 'What the model thought'}</summary>
      <div class="words">{text}</div>
    </details>
  )
}
