// The HTTP server as the composition root sees it: the kernel with the routes of every dialect.

import { type Clock, systemClock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Service } from '../service/service.ts'
import { withAnthropicModels } from './anthropic/models.ts'
import { createAnthropicRoutes } from './anthropic/routes.ts'
import { createConsoleRoutes } from './console/routes.ts'
import type { LocalMachine } from './kernel/hosts.ts'
import type { Route } from './kernel/route.ts'
import { createKernel, type Kernel } from './kernel/server.ts'
import { createMaintenanceRoutes, type MaintenanceContext } from './native/maintenance.ts'
import { createNativeRoutes } from './native/routes.ts'
import { createResponsesRoutes } from './openai/responses.ts'
import { createOpenAiRoutes, refuseUnknownPath } from './openai/routes.ts'
import { createDocumentRoute } from './openapi.ts'

export interface HttpServerOptions {
  service: Service
  log: Log
  /** What `/api/version` says: the version of Ollama whose wire this is. */
  version: string
  /** The version of this program, told beside it under `llamero`. */
  ownVersion?: string
  /** OLLAMA_ORIGINS, beyond those that are always allowed. */
  origins?: readonly string[]
  /** LLAMERO_API_KEY. */
  apiKey?: string | undefined
  clock?: Clock
  machine?: LocalMachine
  /** /api/llamero/*, where there is something behind it. */
  upkeep?: MaintenanceContext
  /** The folder of the built console, where it is to be served. */
  consoleFolder?: string
}

/** Throws `invalid_request` for an origin that no page could have. Nothing listens before `listen`. */
export function createHttpServer(options: HttpServerOptions): Kernel {
  const { log, origins, apiKey, clock = systemClock, machine, consoleFolder } = options
  return createKernel({
    routes: [...createRoutes(options), ...(consoleFolder === undefined ? [] : createConsoleRoutes(consoleFolder))],
    refuseUnknown: refuseUnknownPath,
    log,
    clock,
    apiKey,
    ...(origins === undefined ? {} : { origins }),
    ...(machine === undefined ? {} : { machine }),
  })
}

/** Those of the API, which its document describes. */
export function createRoutes({ service, version, ownVersion, clock = systemClock, upkeep }: HttpServerOptions): Route[] {
  return [
    ...createNativeRoutes({ service, clock, version, ...(ownVersion === undefined ? {} : { ownVersion }) }),
    ...(upkeep ? createMaintenanceRoutes(upkeep) : []),
    ...createAnthropicRoutes({ service, clock }),
    ...createResponsesRoutes({ service, clock }),
    createDocumentRoute(ownVersion ?? version),
    ...withAnthropicModels(createOpenAiRoutes({ service, clock, programVersion: ownVersion ?? version }), service),
  ]
}
