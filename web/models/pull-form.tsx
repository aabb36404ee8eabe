import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { formatBytes, formatPercent } from '../base/format.ts'
import { useValue } from '../base/use-value.ts'
import { useServices } from '../shell/services.ts'
import { type LayerProgress, sumOf } from './pull-progress.ts'
import type { Pull } from './pulls.ts'

export function PullForm(): JSX.Element {
  const { pulls } = useServices()
  const all = useValue(pulls.all)
  const [typed, setTyped] = useState('')
  const [isInsecure, setInsecure] = useState(false)
  return (
    <section aria-labelledby="pull">
      <h2 id="pull">Pull a model</h2>
      <form
        class="line"
        onSubmit={(event) => {
          event.preventDefault()
          const name = typed.trim()
          if (name === '') return
          setTyped('')
          void pulls.begin(name, isInsecure)
        }}
      >
        <label>
          Name
          <input
            required
            autoComplete="off"
            autoCapitalize="none"
            spellcheck={false}
            placeholder="smollm2, hf.co/owner/repository:Q4_K_M, https://…/file.gguf"
            value={typed}
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="primary">
          Pull
        </button>
      </form>
      <label class="check">
        <input type="checkbox" checked={isInsecure} onChange={(event) => setInsecure(event.currentTarget.checked)} /> from a registry over
        plain HTTP, or whose certificate nobody vouches for
      </label>
      <ul class="cards">
        {all.map((pull) => (
          <PullRow key={pull.model} pull={pull} />
        ))}
      </ul>
    </section>
  )
}

function PullRow({ pull: { model, isInsecure, progress, state, error } }: { pull: Pull }): JSX.Element {
  const { pulls } = useServices()
  const { completed, total } = sumOf(progress)
  return (
    <li class="card pull" aria-busy={state === 'running'}>
      <strong class="name">{model}</strong>
      <span class="facts-line">
        {state === 'running' ? progress.status : state === 'done' ? 'is here' : state === 'stopped' ? 'cancelled' : 'failed'}
        {state === 'running' && total > 0 && ` · ${formatPercent(completed, total)} of ${formatBytes(total)}`}
      </span>
      <span class="buttons">
        {state === 'running' ? (
          <button type="button" aria-label={`Cancel the pull of ${model}`} onClick={() => pulls.cancel(model)}>
            Cancel
          </button>
        ) : (
          <>
            {state !== 'done' && (
              <button type="button" aria-label={`Pull ${model} again`} onClick={() => void pulls.begin(model, isInsecure)}>
                Again
              </button>
            )}
            <button type="button" aria-label={`Take the pull of ${model} off the list`} onClick={() => pulls.dismiss(model)}>
              Dismiss
            </button>
          </>
        )}
      </span>
      {state === 'failed' && (
        <p class="failure" role="alert">
          {error}
        </p>
      )}
      {state === 'running' && progress.layers.map((layer) => <Layer key={layer.digest} {...layer} />)}
    </li>
  )
}

function Layer({ digest, completed, total }: LayerProgress): JSX.Element {
  const name = digest.replace(/^sha256:/, '').slice(0, 12)
  return (
    <label class="layer">
      <code>{name}</code>
      <progress max={total} value={completed} />
      <span>
        {formatBytes(completed)} of {formatBytes(total)}
      </span>
    </label>
  )
}
