import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { usePolling } from '../base/use-polling.ts'
import { useValue } from '../base/use-value.ts'
import { useServices } from '../shell/services.ts'
import { LoadedModels } from './loaded-models.tsx'
import { ModelDetails } from './model-details.tsx'
import { modelsOf, searchModels } from './model-list.ts'
import { ModelRow } from './model-row.tsx'
import { PullForm } from './pull-form.tsx'

/** The list, or one model where the address names it. */
export function ModelsPage({ shown }: { shown?: string }): JSX.Element {
  return <div class="page">{shown === undefined ? <Overview /> : <ModelDetails key={shown} model={shown} />}</div>
}

function Overview(): JSX.Element {
  return (
    <>
      <h1>Models</h1>
      <PullForm />
      <Installed />
      <LoadedModels />
    </>
  )
}

/** From here on a field to search in them helps. */
const MANY = 8
const PAUSE_MS = 15_000

function Installed(): JSX.Element {
  const { models } = useServices()
  const list = useValue(models.list)
  const [typed, setTyped] = useState('')
  // Others pull and delete as well.
  usePolling(models.refresh, PAUSE_MS)
  const all = modelsOf(list)
  const found = searchModels(all, typed)
  return (
    <section aria-labelledby="installed">
      <h2 id="installed">Installed</h2>
      {list.kind === 'failed' && (
        <p class="failure" role="alert">
          {list.message}
        </p>
      )}
      {list.kind === 'unread' && <p class="hint">Asking…</p>}
      {list.kind === 'read' && all.length === 0 && <p class="hint">There is no model yet. Pull one by its name, for example smollm2.</p>}
      {all.length >= MANY && (
        <label>
          Search
          <input type="search" value={typed} onInput={(event) => setTyped(event.currentTarget.value)} />
        </label>
      )}
      {all.length > 0 && found.length === 0 && <p class="hint">No model has all of these words.</p>}
      <ul class="cards">
        {found.map((model) => (
          <ModelRow key={model.name} model={model} />
        ))}
      </ul>
    </section>
  )
}
