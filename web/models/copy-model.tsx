import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { toFailure } from '../api/failure.ts'
import { announce } from '../shell/announcer.tsx'
import { Dialog } from '../shell/dialog.tsx'
import { useServices } from '../shell/services.ts'

export function CopyModel({ model, onClose }: { model: string; onClose: () => void }): JSX.Element {
  const { server, models } = useServices()
  const [typed, setTyped] = useState('')
  const [failure, setFailure] = useState('')
  const copy = async () => {
    try {
      await server.copy(model, typed.trim())
      announce(`${model} has the name ${typed.trim()} too`)
      onClose()
      await models.refresh()
    } catch (error) {
      setFailure(toFailure(error).message)
    }
  }
  return (
    <Dialog title={`A second name for ${model}`} action="Copy" onClose={onClose} onAction={() => void copy()}>
      {failure !== '' && (
        <p class="failure" role="alert">
          {failure}
        </p>
      )}
      <label>
        New name
        <input required autoComplete="off" spellcheck={false} value={typed} onInput={(event) => setTyped(event.currentTarget.value)} />
      </label>
      <p class="hint">A copy takes no further room for the weights.</p>
    </Dialog>
  )
}
