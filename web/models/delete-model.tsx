import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { toFailure } from '../api/failure.ts'
import { formatBytes } from '../base/format.ts'
import { announce } from '../shell/announcer.tsx'
import { Dialog } from '../shell/dialog.tsx'
import { useServices } from '../shell/services.ts'

export interface DeleteModelProps {
  model: string
  sizeBytes: number
  onClose: () => void
}

export function DeleteModel({ model, sizeBytes, onClose }: DeleteModelProps): JSX.Element {
  const { server, models } = useServices()
  const [failure, setFailure] = useState('')
  const remove = async () => {
    try {
      await server.remove(model)
      announce(`${model} is deleted`)
      onClose()
      await models.refresh()
    } catch (error) {
      setFailure(toFailure(error).message)
    }
  }
  return (
    <Dialog title={`Delete ${model}?`} action="Delete" isDangerous onClose={onClose} onAction={() => void remove()}>
      {failure !== '' && (
        <p class="failure" role="alert">
          {failure}
        </p>
      )}
      <p>Up to {formatBytes(sizeBytes)} become free; what other models share stays. This cannot be undone.</p>
    </Dialog>
  )
}
