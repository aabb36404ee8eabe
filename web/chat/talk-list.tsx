import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { formatAgo } from '../base/format.ts'
import { useValue } from '../base/use-value.ts'
import { Dialog } from '../shell/dialog.tsx'
import { downloadJson } from '../shell/download.ts'
import { goTo } from '../shell/navigation.ts'
import { toHash } from '../shell/route.ts'
import { useServices } from '../shell/services.ts'
import { toExport } from './export.ts'
import type { TalkHead } from './talk.ts'

/** On a narrow screen it is folded away. */
export function TalkList({ current }: { current?: string }): JSX.Element {
  const { talks } = useServices()
  const heads = useValue(talks.heads) ?? []
  const [isOpen, setOpen] = useState(false)
  const [asksToDelete, setAsksToDelete] = useState(false)
  const close = () => setOpen(false)
  useEffect(() => {
    const look = () => {
      if (!document.hidden) void talks.refresh()
    }
    document.addEventListener('visibilitychange', look)
    return () => document.removeEventListener('visibilitychange', look)
  }, [talks])
  return (
    <aside class={`talks${isOpen ? ' open' : ''}`} aria-label="Talks">
      <div class="talks-head">
        <a class="button primary" href={toHash({ page: 'chat' })} onClick={close}>
          New talk
        </a>
        <button type="button" class="unfold" aria-expanded={isOpen} aria-controls="talk-list" onClick={() => setOpen(!isOpen)}>
          Talks ({heads.length})
        </button>
      </div>
      <div id="talk-list">
        <ul>
          {heads.map((head) => (
            <li key={head.id}>
              <a href={toHash({ page: 'chat', talk: head.id })} aria-current={head.id === current ? 'page' : undefined} onClick={close}>
                <TalkLine head={head} />
              </a>
            </li>
          ))}
        </ul>
        {heads.length > 0 && (
          <div class="buttons">
            <button
              type="button"
              class="quiet"
              onClick={() => void talks.readAll().then((all) => downloadJson('llamero-talks.json', toExport(all)))}
            >
              Export all
            </button>
            <button type="button" class="quiet" onClick={() => setAsksToDelete(true)}>
              Delete all
            </button>
          </div>
        )}
      </div>
      {asksToDelete && (
        <Dialog
          title="Delete all talks?"
          action="Delete all"
          isDangerous
          onClose={() => setAsksToDelete(false)}
          onAction={() => {
            setAsksToDelete(false)
            goTo({ page: 'chat' })
            void talks.remove(heads.map(({ id }) => id))
          }}
        >
          <p>They are kept by this browser only: nobody else has them. This cannot be undone.</p>
        </Dialog>
      )}
    </aside>
  )
}

function TalkLine({ head: { title, model, changedMs } }: { head: TalkHead }): JSX.Element {
  return (
    <>
      <span class="title">{title}</span>
      <span class="hint">
        {model} · {formatAgo(changedMs, Date.now())}
      </span>
    </>
  )
}
