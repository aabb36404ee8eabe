import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { formatAgo, formatBytes } from '../base/format.ts'
import { goTo } from '../shell/navigation.ts'
import { toHash } from '../shell/route.ts'
import { useServices } from '../shell/services.ts'
import { CopyModel } from './copy-model.tsx'
import { DeleteModel } from './delete-model.tsx'
import { type Model, talkative } from './model-list.ts'

export function ModelRow({ model }: { model: Model }): JSX.Element {
  const { lastSettings, keepSettings } = useServices()
  const [asked, setAsked] = useState<'copy' | 'delete' | undefined>(undefined)
  const { name, details, size, modified_at: modified, capabilities = [] } = model
  const talk = () => {
    keepSettings({ ...lastSettings(), model: name })
    goTo({ page: 'chat' })
  }
  const facts = [
    formatBytes(size),
    details.family,
    details.parameter_size,
    details.quantization_level,
    formatAgo(Date.parse(modified), Date.now()),
  ]
  return (
    <li class="card">
      <a class="name" href={toHash({ page: 'models', model: name })}>
        {name}
      </a>
      <span class="facts-line">{facts.filter(Boolean).join(' · ')}</span>
      <Capabilities names={capabilities} />
      <span class="buttons">
        {talkative([model]).length > 0 && (
          <button type="button" aria-label={`Talk to ${name}`} onClick={talk}>
            Talk
          </button>
        )}
        <button type="button" aria-label={`Copy ${name}`} onClick={() => setAsked('copy')}>
          Copy
        </button>
        <button type="button" aria-label={`Delete ${name}`} onClick={() => setAsked('delete')}>
          Delete
        </button>
      </span>
      {asked === 'copy' && <CopyModel model={name} onClose={() => setAsked(undefined)} />}
      {asked === 'delete' && <DeleteModel model={name} sizeBytes={size} onClose={() => setAsked(undefined)} />}
    </li>
  )
}

export function Capabilities({ names }: { names: readonly string[] }): JSX.Element | null {
  if (names.length === 0) return null
  return (
    <ul class="badges" aria-label="Capabilities">
      {names.map((name) => (
        <li key={name} class="badge">
          {name}
        </li>
      ))}
    </ul>
  )
}
