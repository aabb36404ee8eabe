import type { ComponentChildren, JSX } from 'preact'
import { useId, useLayoutEffect, useRef } from 'preact/hooks'

export interface DialogProps {
  title: string
  /** Of the button that does it; the other one closes. */
  action: string
  isDangerous?: boolean
  /** Without it, the dialog cannot be left undone. */
  onClose?: () => void
  onAction(): void
  children?: ComponentChildren
}

/** A question in front of the page. The browser keeps the focus inside, closes it by Escape, and gives the focus back. */
export function Dialog({ title, action, isDangerous = false, onClose, onAction, children }: DialogProps): JSX.Element {
  const element = useRef<HTMLDialogElement>(null)
  const heading = useId()
  useLayoutEffect(() => {
    const dialog = element.current
    dialog?.showModal()
    return () => dialog?.close()
  }, [])
  return (
    <dialog
      ref={element}
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault()
        onClose?.()
      }}
    >
      <form
        method="dialog"
        onSubmit={(event) => {
          event.preventDefault()
          onAction()
        }}
      >
        <h2 id={heading}>{title}</h2>
        {children}
        <div class="buttons">
          {onClose && (
            <button type="button" onClick={onClose}>
              Cancel
            </button>
          )}
          <button type="submit" class={isDangerous ? 'danger' : 'primary'}>
            {action}
          </button>
        </div>
      </form>
    </dialog>
  )
}
