import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { Model, ModelList } from '../models/model-list.ts'
import { Dialog } from '../shell/dialog.tsx'
import { downloadJson } from '../shell/download.ts'
import { goTo } from '../shell/navigation.ts'
import { useServices } from '../shell/services.ts'
import { toExport, toFileName } from './export.ts'
import type { TalkSettings } from './settings.ts'
import type { Talk } from './talk.ts'

export interface TalkHeaderProps {
  talk: Talk
  settings: TalkSettings
  choices: readonly Model[]
  list: ModelList
  onChange: (settings: TalkSettings) => void
}

export function TalkHeader({ talk, settings, choices, list, onChange }: TalkHeaderProps): JSX.Element {
  const { talks } = useServices()
  const [asked, setAsked] = useState<'rename' | 'delete' | undefined>(undefined)
  const close = () => setAsked(undefined)
  const isGone = list.kind === 'read' && settings.model !== '' && !choices.some(({ name }) => name === settings.model)
  return (
    <div class="talk-header">
      <h1 class="title">{talk.title}</h1>
      <label>
        Model
        <select value={settings.model} onChange={(event) => onChange({ ...settings, model: event.currentTarget.value })}>
          {settings.model === '' && <option value="">none</option>}
          {isGone && <option value={settings.model}>{settings.model} (not installed)</option>}
          {list.kind !== 'read' && settings.model !== '' && <option value={settings.model}>{settings.model}</option>}
          {choices.map(({ name }) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {talk.turns.length > 0 && (
        <div class="buttons">
          <button type="button" class="quiet" onClick={() => setAsked('rename')}>
            Rename
          </button>
          <button type="button" class="quiet" onClick={() => downloadJson(toFileName(talk.title), toExport([talk]))}>
            Export
          </button>
          <button type="button" class="quiet" onClick={() => setAsked('delete')}>
            Delete
          </button>
        </div>
      )}
      {asked === 'rename' && <RenameTalk talk={talk} onClose={close} />}
      {asked === 'delete' && (
        <Dialog
          title="Delete this talk?"
          action="Delete"
          isDangerous
          onClose={close}
          onAction={() => {
            close()
            goTo({ page: 'chat' })
            void talks.remove([talk.id])
          }}
        >
          <p>“{talk.title}” is kept by this browser only. This cannot be undone.</p>
        </Dialog>
      )}
    </div>
  )
}

function RenameTalk({ talk, onClose }: { talk: Talk; onClose: () => void }): JSX.Element {
  const { talks } = useServices()
  const [typed, setTyped] = useState(talk.isNamed ? talk.title : '')
  return (
    <Dialog
      title="Rename this talk"
      action="Rename"
      onClose={onClose}
      onAction={() => {
        onClose()
        void talks.rename(talk.id, typed)
      }}
    >
      <label>
        Name
        <input autoComplete="off" maxLength={200} value={typed} onInput={(event) => setTyped(event.currentTarget.value)} />
      </label>
      <p class="hint">Without a name it is called by its first question.</p>
    </Dialog>
  )
}
