import type { JSX } from 'preact'
import { useValue } from '../base/use-value.ts'
import { LoadedModels } from '../models/loaded-models.tsx'
import { useServices } from '../shell/services.ts'
import { Doctor } from './doctor.tsx'

export function ServerPage(): JSX.Element {
  return (
    <div class="page">
      <h1>Server</h1>
      <Facts />
      <LoadedModels />
      <Doctor />
      <Storage />
    </div>
  )
}

const HEALTH = {
  unknown: 'not known yet',
  here: 'it answers',
  away: 'it does not answer',
  locked: 'it asks for its key',
} as const

function Facts(): JSX.Element {
  const { watch, keys } = useServices()
  const versions = useValue(watch.versions)
  const { kind } = useValue(watch.presence)
  const key = useValue(keys.key)
  return (
    <section aria-labelledby="facts">
      <h2 id="facts">What it is</h2>
      <dl class="facts">
        <div>
          <dt>Health</dt>
          <dd>{HEALTH[kind]}</dd>
        </div>
        <div>
          <dt>Llamero</dt>
          <dd>{versions?.llamero ?? '–'}</dd>
        </div>
        <div>
          <dt>Speaks the API of Ollama</dt>
          <dd>{versions?.version ?? '–'}</dd>
        </div>
        <div>
          <dt>Address</dt>
          <dd>{location.origin}</dd>
        </div>
        <div>
          <dt>Key</dt>
          <dd>
            {key === undefined ? 'none is sent' : 'sent with each request '}
            {key !== undefined && (
              <button
                type="button"
                onClick={() => {
                  keys.use(undefined)
                  void watch.probe()
                }}
              >
                Forget the key
              </button>
            )}
          </dd>
        </div>
      </dl>
      <p class="hint">
        The API is described in{' '}
        <a href="openapi.json" target="_blank" rel="noreferrer">
          openapi.json
        </a>
        ; a server with a key shows it only to who brings that.
      </p>
    </section>
  )
}

function Storage(): JSX.Element {
  return (
    <section aria-labelledby="kept">
      <h2 id="kept">What this page keeps</h2>
      <p>
        Talks and the settings used last are kept by this browser, for this address, and nowhere else. A key is forgotten with the tab. The
        server keeps no talks.
      </p>
    </section>
  )
}
