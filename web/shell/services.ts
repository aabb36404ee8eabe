// What the pages share, made once in main.tsx.

import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { KeyRing } from '../api/key.ts'
import type { PresenceWatch } from '../api/presence.ts'
import type { Server } from '../api/server.ts'
import type { TalkSettings } from '../chat/settings.ts'
import type { Talks } from '../chat/talks.ts'
import type { Models } from '../models/model-list.ts'
import type { Pulls } from '../models/pulls.ts'

export interface Services {
  server: Server
  watch: PresenceWatch
  keys: KeyRing
  models: Models
  pulls: Pulls
  talks: Talks
  /** What a new talk begins with: the settings used last. */
  lastSettings(): TalkSettings
  keepSettings(settings: TalkSettings): void
}

const ServicesContext = createContext<Services | undefined>(undefined)
export const ServicesProvider = ServicesContext.Provider

export function useServices(): Services {
  const services = useContext(ServicesContext)
  if (!services) throw new Error('there are no services around this component')
  return services
}
