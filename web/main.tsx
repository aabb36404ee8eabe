// The console: what its pages share is made here, once, and the page is drawn. It speaks to the server that it came from and to no other.

import { render } from 'preact'
import { createKeyRing } from './api/key.ts'
import { createPresence } from './api/presence.ts'
import { createServer } from './api/server.ts'
import { randomId } from './base/random-id.ts'
import { openDatabaseShelf } from './chat/database.ts'
import { readSettings } from './chat/settings.ts'
import { createTalks } from './chat/talks.ts'
import { createModels } from './models/model-list.ts'
import { createPulls } from './models/pulls.ts'
import { announce } from './shell/announcer.tsx'
import { App } from './shell/app.tsx'
import { type Services, ServicesProvider } from './shell/services.ts'

const SETTINGS = 'llamero.settings'

function createServices(): Services {
  const keys = createKeyRing(storageOf(() => sessionStorage))
  const watch = createPresence(() => server.versions())
  // Beside the page, wherever a proxy has put it.
  const server = createServer({ baseUrl: new URL('.', location.href).href, key: () => keys.key.value, onAnswer: watch.note })
  const models = createModels(server.tags)
  const settings = storageOf(() => localStorage)
  return {
    server,
    watch,
    keys,
    models,
    pulls: createPulls({
      pull: server.pull,
      onEnd({ model, state }) {
        announce(state === 'done' ? `${model} is here` : `The pull of ${model} has ended`)
        void models.refresh()
      },
    }),
    talks: createTalks({
      shelf: openShelf(),
      chat: server.chat,
      nowMs: () => Date.now(),
      newId: randomId,
      onEnd: ({ state }) =>
        announce(state === 'whole' ? 'The reply is complete' : state === 'stopped' ? 'Stopped' : 'The reply has failed'),
    }),
    lastSettings: () => readSettings(settings?.getItem(SETTINGS) ?? null),
    keepSettings: (next) => settings?.setItem(SETTINGS, JSON.stringify(next)),
  }
}

async function openShelf(): ReturnType<typeof openDatabaseShelf> {
  return openDatabaseShelf(indexedDB)
}

/** Undefined where the browser's settings forbid it, which it says by throwing. */
function storageOf(read: () => Storage): Storage | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof DOMException) return undefined
    throw error
  }
}

const root = document.getElementById('console')
if (root) {
  root.replaceChildren()
  render(
    <ServicesProvider value={createServices()}>
      <App />
    </ServicesProvider>,
    root,
  )
}
