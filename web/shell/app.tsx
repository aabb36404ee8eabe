import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { usePolling } from '../base/use-polling.ts'
import { useValue } from '../base/use-value.ts'
import { ChatPage } from '../chat/chat-page.tsx'
import { ModelsPage } from '../models/models-page.tsx'
import { KeyDialog } from '../server/key-dialog.tsx'
import { ServerPage } from '../server/server-page.tsx'
import { Announcer } from './announcer.tsx'
import { currentRoute } from './navigation.ts'
import { type Route, toHash } from './route.ts'
import { useServices } from './services.ts'

const TITLES = { chat: 'Chat', models: 'Models', server: 'Server' } as const
/** Seldom: each request is a line in the server's log. */
const PROBE_PAUSE_MS = 30_000
/** While it is away, so that the page is back soon after the server. */
const AWAY_PAUSE_MS = 2000

export function App(): JSX.Element {
  const { watch, models } = useServices()
  const route = useValue(currentRoute)
  const presence = useValue(watch.presence)
  const main = useRef<HTMLElement>(null)
  usePolling(watch.probe, presence.kind === 'away' ? AWAY_PAUSE_MS : PROBE_PAUSE_MS)
  useEffect(() => {
    if (presence.kind === 'here') void models.refresh()
  }, [presence.kind, route.page, models])
  useEffect(() => {
    document.title = `${TITLES[route.page]} · Llamero`
  }, [route.page])
  return (
    <>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to the page
      </button>
      <header class="top">
        <span class="brand">Llamero</span>
        <nav aria-label="Pages">
          {(['chat', 'models', 'server'] as const).map((page) => (
            <a key={page} href={toHash({ page })} aria-current={route.page === page ? 'page' : undefined}>
              {TITLES[page]}
            </a>
          ))}
        </nav>
        <Presence />
      </header>
      <div role="alert">
        {presence.kind === 'away' && <p class="banner">The server does not answer. This page goes on as soon as it is back.</p>}
      </div>
      <main id="main" ref={main} tabIndex={-1}>
        <Page route={route} />
      </main>
      {presence.kind === 'locked' && <KeyDialog message={presence.message} />}
      <Announcer />
    </>
  )
}

function Page({ route }: { route: Route }): JSX.Element {
  switch (route.page) {
    case 'chat':
      return <ChatPage {...(route.talk === undefined ? {} : { id: route.talk })} />
    case 'models':
      return <ModelsPage {...(route.model === undefined ? {} : { shown: route.model })} />
    case 'server':
      return <ServerPage />
  }
}

const PRESENCE_WORDS = { unknown: 'connecting', here: 'connected', away: 'not reachable', locked: 'wants its key' } as const

function Presence(): JSX.Element {
  const { watch } = useServices()
  const { kind } = useValue(watch.presence)
  const versions = useValue(watch.versions)
  return (
    <span class={`presence ${kind}`} title={versions?.llamero ? `Llamero ${versions.llamero}` : undefined}>
      <span class="off-screen">Server: </span>
      {PRESENCE_WORDS[kind]}
    </span>
  )
}
