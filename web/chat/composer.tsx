import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { toFailure } from '../api/failure.ts'
import { ImageList } from './image-list.tsx'
import { IMAGE_TYPES, readImages } from './images.ts'
import type { TalkImage } from './talk.ts'

export interface ComposerProps {
  isRunning: boolean
  canSee: boolean
  hasModel: boolean
  onAsk: (text: string, images: TalkImage[]) => void
  onStop: () => void
}

/** Where questions are written. Enter sends, Shift and Enter begin a new line, Escape stops the reply. */
export function Composer({ isRunning, canSee, hasModel, onAsk, onStop }: ComposerProps): JSX.Element {
  const [text, setText] = useState('')
  const [images, setImages] = useState<TalkImage[]>([])
  const [failure, setFailure] = useState('')
  const field = useRef<HTMLTextAreaElement>(null)
  useEffect(() => field.current?.focus({ preventScroll: true }), [])
  useGrowing(field, text)
  const attach = (files: readonly File[]) => {
    if (files.length === 0) return
    setFailure('')
    readImages(files, images.length).then(
      (read) => setImages((before) => [...before, ...read]),
      (error: unknown) => setFailure(toFailure(error).message),
    )
  }
  const maySend = hasModel && !isRunning && (text.trim() !== '' || images.length > 0)
  const send = () => {
    if (!maySend) return
    onAsk(text, images)
    setText('')
    setImages([])
    field.current?.focus()
  }
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
      {...(canSee ? droppable(attach) : {})}
    >
      {failure !== '' && (
        <p class="failure" role="alert">
          {failure}
        </p>
      )}
      <ImageList images={images} onRemove={(place) => setImages(images.filter((_, index) => index !== place))} />
      <label class="off-screen" for="question">
        Your question
      </label>
      <textarea
        id="question"
        ref={field}
        rows={1}
        placeholder={hasModel ? 'Ask something' : 'Choose a model first'}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onPaste={(event) => canSee && attach([...(event.clipboardData?.files ?? [])])}
        onKeyDown={(event) => {
          if (event.key === 'Escape' && isRunning) onStop()
          if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
          event.preventDefault()
          send()
        }}
      />
      <div class="buttons">
        {canSee && <ImagePicker onPick={attach} />}
        {isRunning ? (
          <button type="button" class="stop" onClick={onStop}>
            Stop
          </button>
        ) : (
          <button type="submit" class="primary" disabled={!maySend}>
            Send
          </button>
        )}
      </div>
    </form>
  )
}

function ImagePicker({ onPick }: { onPick: (files: readonly File[]) => void }): JSX.Element {
  return (
    <label class="button picker">
      Add images
      <input
        type="file"
        class="off-screen"
        accept={IMAGE_TYPES.join(',')}
        multiple
        onChange={(event) => {
          onPick([...(event.currentTarget.files ?? [])])
          event.currentTarget.value = ''
        }}
      />
    </label>
  )
}

function droppable(attach: (files: readonly File[]) => void) {
  return {
    onDragOver: (event: DragEvent) => event.preventDefault(),
    onDrop: (event: DragEvent) => {
      event.preventDefault()
      attach([...(event.dataTransfer?.files ?? [])])
    },
  }
}

/** The field is as high as its text, up to what the style sheet allows. */
function useGrowing(field: { current: HTMLTextAreaElement | null }, text: string): void {
  useEffect(() => {
    const element = field.current
    if (!element) return
    element.style.height = 'auto'
    element.style.height = `${element.scrollHeight + 2}px`
  }, [field, text])
}
