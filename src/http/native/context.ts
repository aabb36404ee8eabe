import type { Clock } from '../../base/clock.ts'
import type { Service } from '../../service/service.ts'

/** What every handler of the dialect is given. */
export interface NativeContext {
  service: Service
  clock: Clock
  /** What clients are told: the version of Ollama whose wire this is. */
  version: string
  /** What they are told beside it. */
  ownVersion?: string
  /** Of one request: names of what it says that changes nothing. */
  unused: Set<string>
}
