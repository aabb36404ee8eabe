// What is done to the store and to the server itself, rather than with models: /api/llamero/*.

import type { Clock } from '../../base/clock.ts'
import { shortName } from '../../model/name.ts'
import type { OpenStore } from '../../store/store.ts'
import { type Check, type DiagnosisDependencies, diagnose } from './diagnose.ts'
import { type ImportEvent, type ImportRequest, importFile } from './import-file.ts'
import { type VerifyEvent, type VerifyRequest, verifyStore } from './verify.ts'

export type { Check } from './diagnose.ts'
export type { ImportEvent, ImportRequest } from './import-file.ts'
export type { VerifyEvent, VerifyRequest } from './verify.ts'

type StoreMaintenance = OpenStore['maintenance']
export type PruneRequest = Parameters<StoreMaintenance['prune']>[0]
export type PrunedItem = Awaited<ReturnType<StoreMaintenance['prune']>>[number]
export type PartialFacts = Omit<Awaited<ReturnType<StoreMaintenance['partials']>>[number], 'models'> & {
  /** Names of models that it is for; empty where that is not known. */
  models: string[]
}

export interface ModelOrigin {
  name: string
  /** `local`: made on this machine, or copied. */
  origin: 'registry' | 'local'
}

export interface MaintenanceService {
  /** Throws `store_corrupt` while a manifest cannot be read. */
  prune(request: PruneRequest): Promise<PrunedItem[]>
  partials(): Promise<PartialFacts[]>
  /** Throws `model_not_found`. */
  verify(request: VerifyRequest, signal: AbortSignal): AsyncIterable<VerifyEvent>
  /** Throws `invalid_request` for whatever is not that file, and `disk_full`. */
  importFile(request: ImportRequest, signal: AbortSignal): AsyncIterable<ImportEvent>
  origins(): Promise<ModelOrigin[]>
  diagnose(): Promise<Check[]>
}

export interface MaintenanceDependencies extends DiagnosisDependencies {
  clock: Clock
}

export function createMaintenanceService(dependencies: MaintenanceDependencies): MaintenanceService {
  const { store, clock } = dependencies
  let running: Promise<Check[]> | undefined
  return {
    prune: (request) => store.maintenance.prune(request),
    partials: async () =>
      (await store.maintenance.partials()).map((partial) => ({ ...partial, models: partial.models.map((name) => shortName(name)) })),
    verify: (request, signal) => verifyStore(request, store, signal),
    importFile: (request, signal) => importFile(request, { store, clock }, signal),
    origins: async () => (await store.maintenance.origins()).map(({ name, origin }) => ({ name: shortName(name), origin })),
    // One at a time: it starts a process and asks the network.
    diagnose() {
      running ??= diagnose(dependencies).finally(() => {
        running = undefined
      })
      return running
    },
  }
}
