import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { PsResponseBody } from '../../src/api/models.ts'
import { toFailure } from '../api/failure.ts'
import { formatBytes, formatCount, formatUntil } from '../base/format.ts'
import { usePolling } from '../base/use-polling.ts'
import { useServices } from '../shell/services.ts'

const PAUSE_MS = 5000

/** What is loaded now; asked for again and again while it is seen. */
export function LoadedModels(): JSX.Element {
  const { server } = useServices()
  const [models, setModels] = useState<PsResponseBody['models'] | undefined>(undefined)
  const [failure, setFailure] = useState('')
  const refresh = async () => {
    // While the server is away the banner says so, and what was loaded is not known.
    setModels(
      await server.ps().then(
        ({ models }) => models ?? [],
        () => undefined,
      ),
    )
  }
  usePolling(refresh, PAUSE_MS)
  const unload = async (name: string) => {
    setFailure('')
    await server.unload(name).catch((error: unknown) => setFailure(toFailure(error).message))
    await refresh()
  }
  return (
    <section aria-labelledby="loaded">
      <h2 id="loaded">Loaded now</h2>
      {failure !== '' && (
        <p class="failure" role="alert">
          {failure}
        </p>
      )}
      {models === undefined && <p class="hint">Asking…</p>}
      {models?.length === 0 && <p class="hint">No model is loaded. One is when it is asked something.</p>}
      <ul class="cards">
        {models?.map(({ name, digest, size, size_vram: graphics, context_length: context, expires_at: expires }) => (
          <li key={`${name} ${digest}`} class="card">
            <strong class="name">{name}</strong>
            <span class="facts-line">
              {formatBytes(size)} of memory{graphics > 0 && `, ${formatBytes(graphics)} of it on the graphics card`} ·{' '}
              {formatCount(context)} tokens of context · {formatUntil(Date.parse(expires), Date.now())}
            </span>
            <button type="button" aria-label={`Unload ${name}`} onClick={() => void unload(name)}>
              Unload
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}
