// The server: the composed services on the network, from the first connection to the last, and the order of shutdown.

import { fileURLToPath } from 'node:url'
import { systemClock } from './base/clock.ts'
import { createLog } from './base/log.ts'
import { findPortOwner } from './cli/doctor/port-owner.ts'
import { compose } from './compose.ts'
import type { Config } from './config/config.ts'
import { clientUrl } from './config/host.ts'
import { awaitEnd } from './end.ts'
import { CONSOLE_PATH } from './http/console/routes.ts'
import { describeExposure } from './http/kernel/api-key.ts'
import { createHttpServer } from './http/server.ts'
import { formatAddress, toListenError } from './listen-error.ts'
import { createServerKey, type ServerKey } from './server-key.ts'
import { createStore } from './store/open.ts'
import { OLLAMA_VERSION, VERSION } from './version.ts'

/** Running requests may take this long to end after SIGINT or SIGTERM. */
const DRAIN_MS = 10_000

/** Serves until SIGINT, SIGTERM or `stop --server`; a second signal ends at once. The exit status. */
export async function serve(config: Config): Promise<number> {
  const log = createLog({ level: config.logLevel })
  for (const warning of config.warnings) log.warn(warning)
  const end = awaitEnd(process, systemClock)
  const store = await createStore({ root: config.models, stateFolder: config.home, noPrune: config.noPrune, log, clock: systemClock })
  await store.prune()
  const { service, maintenance, scheduler } = compose(config, store, log)
  let serverKey: ServerKey | undefined
  const stop = (key: string): boolean => {
    const may = serverKey?.fits(key) ?? false
    if (may) end.ask('stop --server')
    return may
  }
  const versions = { version: OLLAMA_VERSION, ownVersion: VERSION }
  const server = createHttpServer({
    service,
    log,
    ...versions,
    origins: config.origins,
    apiKey: config.apiKey,
    upkeep: { maintenance, stop },
    ...(config.console ? { consoleFolder: consoleFolder() } : {}),
  })
  const wanted = { host: config.host.host, port: config.host.port }
  const address = await server.listen(wanted).catch(async (error: unknown) => {
    throw await toListenError(error, wanted, findPortOwner)
  })
  const shown = formatAddress(address)
  const exposure = describeExposure(address.host, config.apiKey)
  if (exposure) log.warn(exposure, { address: shown })
  serverKey = await createServerKey(config.home, address.port, log)
  log.info('listening', { address: shown, version: VERSION, models: config.models })
  if (config.console)
    log.info('console', { address: clientUrl({ scheme: 'http', host: address.host, port: address.port, path: CONSOLE_PATH }) })
  const reason = await end.asked
  log.info('stopping: running requests may end first', { reason, limit: `${DRAIN_MS / 1000}s` })
  await Promise.all([server.close({ drainMs: DRAIN_MS }), scheduler.close(DRAIN_MS)])
  await serverKey.remove()
  return 0
}

/** Beside the program, or, where it runs from its source, in what was built last. */
function consoleFolder(): string {
  const here = import.meta.url
  return fileURLToPath(new URL(here.endsWith('.ts') ? '../dist/console' : './console', here))
}
