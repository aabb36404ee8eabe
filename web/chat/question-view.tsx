import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { CopyButton } from '../shell/copy-button.tsx'
import { ImageList } from './image-list.tsx'
import type { Question } from './talk.ts'

export interface QuestionViewProps {
  question: Question
  /** Of the last one only: what follows it is asked anew. */
  onEdit?: (text: string) => void
}

export function QuestionView({ question: { text, images }, onEdit }: QuestionViewProps): JSX.Element {
  const [isEdited, setEdited] = useState(false)
  if (isEdited && onEdit)
    return (
      <QuestionEditor
        text={text}
        onCancel={() => setEdited(false)}
        onSend={(next) => {
          setEdited(false)
          onEdit(next)
        }}
      />
    )
  return (
    <article class="turn question" aria-label="You">
      <ImageList images={images} />
      <div class="words">{text}</div>
      <div class="buttons">
        <CopyButton text={text} label="Copy the question" />
        {onEdit && (
          <button type="button" class="quiet" aria-label="Edit the question" onClick={() => setEdited(true)}>
            Edit
          </button>
        )}
      </div>
    </article>
  )
}

interface QuestionEditorProps {
  text: string
  onCancel: () => void
  onSend: (text: string) => void
}

function QuestionEditor({ text, onCancel, onSend }: QuestionEditorProps): JSX.Element {
  const [typed, setTyped] = useState(text)
  const field = useRef<HTMLTextAreaElement>(null)
  useEffect(() => field.current?.focus(), [])
  return (
    <form
      class="turn question editor"
      onSubmit={(event) => {
        event.preventDefault()
        onSend(typed)
      }}
    >
      <label>
        Your question, changed
        <textarea
          rows={Math.min(10, text.split('\n').length + 1)}
          value={typed}
          ref={field}
          onInput={(event) => setTyped(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Escape') onCancel()
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
            event.preventDefault()
            if (typed.trim() !== '') onSend(typed)
          }}
        />
      </label>
      <div class="buttons">
        <button type="button" onClick={onCancel}>
          Cancel
        </button>
        <button type="submit" class="primary" disabled={typed.trim() === ''}>
          Send
        </button>
      </div>
    </form>
  )
}
