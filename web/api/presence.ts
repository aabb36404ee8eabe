// Whether the server is there. Every answer says so by the way; while it is away, or nothing else asks, it is asked for its version now and then.

import { createState, type State } from '../base/state.ts'
import type { Failure } from './failure.ts'
import type { Versions } from './server.ts'

export type Presence =
  | { kind: 'unknown' }
  | { kind: 'here' }
  | { kind: 'away' }
  /** It asks for its key; `message` where it has refused one. */
  | { kind: 'locked'; message: string }

export interface PresenceWatch {
  readonly presence: State<Presence>
  readonly versions: State<Versions | undefined>
  note(failure?: Failure): void
  /** Asks; never rejects. */
  probe(): Promise<void>
}

export function createPresence(askVersions: () => Promise<Versions>): PresenceWatch {
  const presence = createState<Presence>({ kind: 'unknown' })
  const versions = createState<Versions | undefined>(undefined)
  const note = (failure?: Failure) => {
    const next = toPresence(failure)
    if (next.kind !== presence.value.kind || next.kind === 'locked') presence.set(next)
  }
  return {
    presence,
    versions,
    note,
    async probe() {
      // The client notes what goes wrong.
      const answer = await askVersions().catch(() => undefined)
      const known = versions.value
      if (answer && (known?.version !== answer.version || known.llamero !== answer.llamero)) versions.set(answer)
    },
  }
}

/** A server that refuses is there. */
function toPresence(failure: Failure | undefined): Presence {
  if (failure?.kind === 'away') return { kind: 'away' }
  return failure?.kind === 'locked' ? { kind: 'locked', message: failure.message } : { kind: 'here' }
}
