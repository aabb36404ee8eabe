import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { Dialog } from '../shell/dialog.tsx'
import { useServices } from '../shell/services.ts'

/** Asks for the server's key, until one opens it. */
export function KeyDialog({ message }: { message: string }): JSX.Element {
  const { keys, watch } = useServices()
  const [typed, setTyped] = useState('')
  const wasTried = keys.key.value !== undefined
  const use = () => {
    keys.use(typed.trim())
    void watch.probe()
  }
  return (
    <Dialog title="This server asks for its key" action="Open" onAction={use}>
      {wasTried && (
        <p class="failure" role="alert">
          {message}
        </p>
      )}
      <label>
        Key (LLAMERO_API_KEY of the server)
        <input type="password" autoComplete="off" required value={typed} onInput={(event) => setTyped(event.currentTarget.value)} />
      </label>
      <p class="hint">It is kept for as long as this tab is open, and sent to this server only.</p>
    </Dialog>
  )
}
