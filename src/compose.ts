// The composition root: config -> store -> registry, reader, scheduler -> services. serve.ts puts them on the network, diagnose.ts only asks them.

import { fileURLToPath } from 'node:url'
import { systemClock } from './base/clock.ts'
import type { Log } from './base/log.ts'
import type { Config } from './config/config.ts'
import { createConverter } from './converter.ts'
import { mergeSplitFiles } from './gguf/merge.ts'
import { shortName } from './model/name.ts'
import { DEFAULT_OPTIONS } from './model/options.ts'
import { processUser } from './process-user.ts'
import { createRegistry } from './registry/create-registry.ts'
import { createRunnerLoader } from './runner/parent/loader.ts'
import { createEngineProbe } from './runner/parent/probe.ts'
import { createQuantizer } from './runner/parent/quantizer.ts'
import { readDevices } from './scheduler/devices.ts'
import { estimateMemory } from './scheduler/estimate.ts'
import { readMemory } from './scheduler/memory.ts'
import { toLoadSpec } from './scheduler/options.ts'
import { createScheduler, type Scheduler } from './scheduler/scheduler.ts'
import type { SchedulerLimits } from './scheduler/target.ts'
import { manifestFromGguf } from './service/create/create.ts'
import { createService } from './service/create-service.ts'
import { createMaintenanceService, type MaintenanceService } from './service/maintenance/maintenance.ts'
import { createModelReader } from './service/model.ts'
import { createRunServices } from './service/run-services.ts'
import type { Service } from './service/service.ts'
import type { OnPulled } from './service/transfer.ts'
import { prefixStatesFolder } from './store/prefix-states.ts'
import type { OpenStore } from './store/store.ts'
import { translationsFolder } from './store/translations.ts'
import { createTranslatingLoader } from './translate/loader.ts'
import { createTranslator } from './translate/translator.ts'
import { VERSION } from './version.ts'

/** Of the machine's memory, for the slots of one model. */
const SLOT_MEMORY_SHARE = 1 / 16

/** Unless somebody says how much: so many bytes, and never more than this share of what is free on their disk. */
const PREFIX_CACHE_BYTES = 2 * 2 ** 30
const PREFIX_CACHE_SHARE = 0.1

export interface Composition {
  service: Service
  maintenance: MaintenanceService
  scheduler: Scheduler
}

export function compose(config: Config, store: OpenStore, log: Log): Composition {
  const clock = systemClock
  const { goTemplate } = config
  const templates = goTemplate === undefined ? {} : { preferGoTemplate: goTemplate }
  const reader = createModelReader({ store, nowMs: clock.nowMs, ...templates })
  const entry = processEntry()
  const limits = toLimits(config)
  const translate = createTranslator({ folder: translationsFolder(config.home), log })
  const loadRunner = createTranslatingLoader(createRunnerLoader({ entry, log }), translate)
  const scheduler = createScheduler({ loadRunner, clock, log, memory: readMemory, limits })
  const registry = createRegistry({
    store,
    log,
    clock,
    home: config.home,
    userHome: config.userHome,
    environment: config.environment,
    allowedHosts: config.allowedRegistries,
    credentialUrls: config.registryLogins,
    tokenServers: config.tokenServers,
    maxStreams: config.maxTransferStreams,
    version: VERSION,
    mergeFiles: mergeSplitFiles,
    buildManifest: ({ digest }, { license }) => manifestFromGguf(digest, { licenses: license === undefined ? [] : [license] }, store),
  })
  const runs = createRunServices({ reader, scheduler, clock, log, ...templates })
  const maintenance = createMaintenanceService({
    store,
    clock,
    registry,
    reader,
    probeEngine: createEngineProbe({ entry, log }),
    memory: readMemory,
    devices: readDevices,
    estimateBytes: (target) => estimateMemory(target, toLoadSpec(target, DEFAULT_OPTIONS, limits)).totalBytes,
    environment: config.environment,
    runtime: { nodeVersion: process.versions.node, user: processUser() },
  })
  const quantize = createQuantizer({ entry, log })
  const convert = createConverter({ entry, log })
  const service = createService({ store, registry, reader, runs, quantize, convert, clock, log, onPulled: notingPulls(store, log) })
  return { scheduler, maintenance, service }
}

/** So that `pull --all` knows it; a model whose note cannot be written is pulled all the same. */
function notingPulls(store: OpenStore, log: Log): OnPulled {
  return async (name) => {
    try {
      const stored = await store.manifests.read(name)
      if (stored) await store.maintenance.notePulled(stored)
    } catch (error) {
      log.warn('it could not be noted that this model was pulled', { model: shortName(name), error })
    }
  }
}

function toLimits(config: Config): SchedulerLimits {
  return {
    maxLoadedModels: config.maxLoadedModels,
    maxQueue: config.maxQueue,
    numParallel: config.numParallel,
    slotMemoryBytes: readMemory().totalBytes * SLOT_MEMORY_SHARE,
    loadTimeoutMs: config.loadTimeoutMs,
    keepAliveNs: config.keepAliveNs,
    contextTokens: config.contextTokens,
    kvCacheType: config.kvCacheType,
    flashAttention: config.flashAttention,
    speculate: config.speculate,
    ...(config.prefixCacheBytes === 0 ? {} : { prefixCache: toPrefixCache(config) }),
  }
}

function toPrefixCache({ home, prefixCacheBytes }: Config): SchedulerLimits['prefixCache'] & object {
  const folder = prefixStatesFolder(home)
  if (prefixCacheBytes !== undefined) return { folder, limitBytes: prefixCacheBytes, freeShare: 1 }
  return { folder, limitBytes: PREFIX_CACHE_BYTES, freeShare: PREFIX_CACHE_SHARE }
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
