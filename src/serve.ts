// The composition root of the server: config -> store -> scheduler -> service -> http, and the order of shutdown (the other way round).

import { fileURLToPath } from 'node:url'
import { systemClock } from './base/clock.ts'
import { createLog, type Log } from './base/log.ts'
import type { Config } from './config/config.ts'
import { createHttpServer } from './http/server.ts'
import { createRegistry } from './registry/create-registry.ts'
import { createRunnerLoader } from './runner/parent/loader.ts'
import { readMemory } from './scheduler/memory.ts'
import { createScheduler } from './scheduler/scheduler.ts'
import { manifestFromGguf } from './service/create/create.ts'
import { createService } from './service/create-service.ts'
import { createModelReader } from './service/model.ts'
import { createRunServices } from './service/run-services.ts'
import { createStore } from './store/open.ts'
import type { Store } from './store/store.ts'
import { OLLAMA_VERSION, VERSION } from './version.ts'

/** Running requests may take this long to end after SIGINT or SIGTERM. */
const DRAIN_MS = 10_000

/** Of the machine's memory, for the slots of one model. */
const SLOT_MEMORY_SHARE = 1 / 16

/** Serves until SIGINT or SIGTERM; a second signal ends at once. The exit status. */
export async function serve(config: Config): Promise<number> {
  const log = createLog({ level: config.logLevel })
  for (const warning of config.warnings) log.warn(warning)
  const stopped = nextSignal()
  const store = await createStore({ root: config.models, noPrune: config.noPrune, log, clock: systemClock })
  await store.prune()
  const { service, scheduler } = createServer(config, store, log)
  const server = createHttpServer({ service, log, version: OLLAMA_VERSION, ownVersion: VERSION, origins: config.origins })
  const address = await server.listen({ host: config.host.host, port: config.host.port })
  log.info('listening', { address: `${address.host}:${address.port}`, version: VERSION, models: config.models })
  const signal = await stopped
  log.info('stopping: running requests may end first', { signal, limit: `${DRAIN_MS / 1000}s` })
  await Promise.all([server.close({ drainMs: DRAIN_MS }), scheduler.close(DRAIN_MS)])
  return 0
}

function createServer(config: Config, store: Store, log: Log) {
  const clock = systemClock
  const { goTemplate } = config
  const templates = goTemplate === undefined ? {} : { preferGoTemplate: goTemplate }
  const reader = createModelReader({ store, nowMs: clock.nowMs, ...templates })
  const loadRunner = createRunnerLoader({ entry: processEntry(), log })
  const scheduler = createScheduler({
    loadRunner,
    clock,
    log,
    memory: readMemory,
    limits: {
      maxLoadedModels: config.maxLoadedModels,
      maxQueue: config.maxQueue,
      numParallel: config.numParallel,
      slotMemoryBytes: readMemory().totalBytes * SLOT_MEMORY_SHARE,
      loadTimeoutMs: config.loadTimeoutMs,
      keepAliveNs: config.keepAliveNs,
      contextTokens: config.contextTokens,
      kvCacheType: config.kvCacheType,
      flashAttention: config.flashAttention,
    },
  })
  const registry = createRegistry({
    store,
    log,
    clock,
    home: config.home,
    userHome: config.userHome,
    environment: config.environment,
    version: VERSION,
    buildManifest: ({ digest }, { license }) => manifestFromGguf(digest, { licenses: [license] }, store),
  })
  const runs = createRunServices({ reader, scheduler, clock, log, ...templates })
  return { scheduler, service: createService({ store, registry, reader, runs, log }) }
}

/** What a runner's process starts with: the built program, or the source through tsx. */
function processEntry(): { path: string; execArgv: string[] } {
  const here = fileURLToPath(import.meta.url)
  const isSource = here.endsWith('.ts')
  return {
    path: fileURLToPath(new URL(isSource ? './main.ts' : './main.js', import.meta.url)),
    execArgv: isSource ? ['--import', 'tsx'] : [],
  }
}

function nextSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let asked = false
    const onSignal = (signal: NodeJS.Signals) => {
      if (asked) process.exit(1)
      asked = true
      resolve(signal)
    }
    process.on('SIGINT', onSignal)
    process.on('SIGTERM', onSignal)
  })
}
