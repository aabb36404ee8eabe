// The server's part of `doctor` where no server runs: the same checks in this process, which makes and changes nothing.

import { systemClock } from './base/clock.ts'
import { silentLog } from './base/log.ts'
import { compose } from './compose.ts'
import type { Config } from './config/config.ts'
import type { Check } from './service/maintenance/maintenance.ts'
import { createStore } from './store/open.ts'

export async function diagnose(config: Config): Promise<Check[]> {
  const store = await createStore({ root: config.models, stateFolder: config.home, makesFolders: false, clock: systemClock })
  return compose(config, store, silentLog).maintenance.diagnose()
}
