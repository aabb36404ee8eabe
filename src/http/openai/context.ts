import type { Clock } from '../../base/clock.ts'
import type { Service } from '../../service/service.ts'

/** What every handler of the dialect is given. */
export interface OpenAiContext {
  service: Service
  clock: Clock
  /** Changes with the engine: a release pins it. */
  programVersion: string
}
