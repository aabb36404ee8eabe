import type { JSX } from 'preact'
import { useRef } from 'preact/hooks'
import { useValue } from '../base/use-value.ts'
import { useServices } from '../shell/services.ts'
import { Conversation } from './conversation.tsx'
import { TalkList } from './talk-list.tsx'

/** A talk, or the beginning of one, beside the list of all. */
export function ChatPage({ id }: { id?: string }): JSX.Element {
  const { talks } = useServices()
  const notice = useValue(talks.notice)
  const fresh = useFreshTalk(id === undefined)
  const shown = id ?? fresh
  return (
    <div class="chat">
      <TalkList {...(id === undefined ? {} : { current: id })} />
      <div class="talk">
        {notice !== undefined && (
          <p class="notice" role="status">
            {notice}{' '}
            <button type="button" class="quiet" onClick={() => talks.notice.set(undefined)}>
              Dismiss
            </button>
          </p>
        )}
        <ShownTalk key={shown} id={shown} />
      </div>
    </div>
  )
}

/** A new talk has no address before its first question; then it has this id in the address, and another one is the next new talk. */
function useFreshTalk(isWanted: boolean): string {
  const { talks, lastSettings } = useServices()
  const fresh = useRef('')
  const isUsed = fresh.current === '' || talks.open(fresh.current).value?.turns.length !== 0
  if (isWanted && isUsed) fresh.current = talks.create(lastSettings()).id
  return fresh.current
}

function ShownTalk({ id }: { id: string }): JSX.Element {
  const { talks } = useServices()
  const talk = useValue(talks.open(id))
  if (talk === undefined) return <p class="hint">Reading…</p>
  if (talk === null) return <p class="hint">This browser has no such talk.</p>
  return <Conversation talk={talk} />
}
