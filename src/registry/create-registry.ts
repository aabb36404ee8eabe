// Puts the registry side together: one HTTP client, one set of shared downloads, one key. The composition root gives what belongs to
// others: the store, the environment, and what is done with GGUF files (a model's layers made of one, several made one).

import path from 'node:path'
import type { Clock } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { DEFAULT_HOST, type ModelName } from '../model/name.ts'
import type { Store } from '../store/store.ts'
import { createAuthorizer } from './authorizer.ts'
import type { FetchedBlob } from './blob-download.ts'
import { CATALOGUE, type Catalogue, type Place } from './catalogue.ts'
import { askHelper } from './credential-helper.ts'
import { createCredentials } from './credentials.ts'
import { createConnect, createDial } from './dial.ts'
import { createHttpClient, type HttpClient } from './http-client.ts'
import { huggingFaceOf } from './hugging-face.ts'
import { createOllamaKey } from './ollama-key.ts'
import { type Environment, readProxies } from './proxy.ts'
import { pullModel } from './pull.ts'
import { pushModel } from './push.ts'
import type { OpenRegistry } from './registry.ts'
import { createSession, registryOrigin, type Session } from './session.ts'
import { SharedTasks } from './shared-tasks.ts'
import { pullFile } from './sources/file.ts'
import { createHuggingFaceSource } from './sources/hugging-face.ts'
import type { Merged, MergeFiles } from './sources/merge-parts.ts'
import { createOciSource } from './sources/oci.ts'
import { type BuildManifest, createPackageSource, type Unpacked } from './sources/package.ts'
import { createPackageClient, type PackageClient } from './sources/package-client.ts'
import type { Source } from './sources/source.ts'
import { readTrust } from './trust.ts'

export interface RegistryOptions {
  store: Store
  log: Log
  clock: Clock
  /** Llamero's own folder: the key, and temporary files. */
  home: string
  /** Of the user: Ollama's key and Docker's credentials are looked for below it. */
  userHome: string
  /** As the process has it: proxies and certificates, and what the package client inherits. */
  environment: Environment
  /** Of Llamero itself. */
  version: string
  buildManifest: BuildManifest
  /** For models in several files. */
  mergeFiles: MergeFiles
  /** `https://user:password@host` of registries. */
  credentialUrls?: readonly string[]
  /** Whom a registry, by its host, may send us to for tokens besides itself. */
  tokenServers?: readonly TokenServer[]
  /** Hosts (with their port) that models may come from and go to. None given: all. */
  allowedHosts?: readonly string[]
  /** Connections that the download of one blob may open; DEFAULT_STREAMS unless told. */
  maxStreams?: number
  catalogue?: Catalogue
  /** For tests: the network and the package client. */
  http?: HttpClient
  packageClient?: PackageClient
}

export interface TokenServer {
  /** With its port where that is not the usual one. */
  registry: string
  origin: string
}

/** Registries decide by this version whether a client is new enough for a model. */
const COMPATIBLE_VERSION = '0.33.0'

export function createRegistry(options: RegistryOptions): OpenRegistry {
  const { store, log, clock, environment, version, catalogue = CATALOGUE } = options
  const http = options.http ?? openNetwork(environment, { clock, log, version })
  const openSession = sessionOpener(options, http)
  const downloads = new SharedTasks<FetchedBlob>()
  const transfer = {
    store,
    log,
    clock,
    openSession,
    downloads,
    ...(options.maxStreams === undefined ? {} : { maxStreams: options.maxStreams }),
  }
  const files = { ...transfer, merges: new SharedTasks<Merged>(), build: options.buildManifest, merge: options.mergeFiles }
  const sourceOf = createSources(options, createHuggingFaceSource(createOciSource(transfer), files))
  return {
    pull: (name, request) => pullModel(name, request, { store, log, catalogue, sourceOf }),
    pullFile: (url, request) => pullFile(url, request, files),
    push: (name, request) => pushModel(name, request, { store, clock, log, openSession }),
    async reach(signal) {
      const reply = await http({ method: 'GET', url: new URL(`https://${DEFAULT_HOST}/v2/`), signal })
      reply.discard()
      return reply.status
    },
  }
}

type OpenSession = (name: ModelName, insecure: boolean) => Session

function sessionOpener(options: RegistryOptions, http: HttpClient): OpenSession {
  const { environment, log, clock, home, userHome, credentialUrls, allowedHosts = [], tokenServers = [] } = options
  const allowed = new Set(allowedHosts.map((host) => host.toLowerCase()))
  const key = createOllamaKey({ ollama: path.join(userHome, '.ollama', 'id_ed25519'), own: path.join(home, 'id_ed25519') }, log)
  const dockerConfig = path.join(environment.DOCKER_CONFIG || path.join(userHome, '.docker'), 'config.json')
  const credentials = createCredentials({
    urls: credentialUrls ?? [],
    dockerConfig,
    askHelper: (helper, server) => askHelper(helper, server, { environment, clock, log }),
    log,
  })
  return (name, insecure) => {
    if (allowed.size > 0 && !allowed.has(name.host.toLowerCase()))
      throw new AppError('forbidden', `the registry ${name.host} is none of those that this server may use`, {
        details: { host: name.host },
      })
    const { siblings, bearer, hint } = huggingFaceOf(registryOrigin(name, insecure), environment)
    return createSession(name, {
      http,
      insecure,
      siblings,
      ...(hint === undefined ? {} : { hint }),
      authorizer: (origin) =>
        createAuthorizer({
          http,
          origin,
          key,
          credentials,
          clock,
          siblings,
          tokenServers: tokenServers.filter(({ registry }) => registry.toLowerCase() === new URL(origin).host).map((each) => each.origin),
          ...(bearer === undefined ? {} : { bearer }),
        }),
    })
  }
}

function openNetwork(environment: Environment, { clock, log, version }: { clock: Clock; log: Log; version: string }): HttpClient {
  const chooseProxy = readProxies(environment)
  const connect = createConnect(chooseProxy, readTrust(environment, log))
  return createHttpClient({ dial: createDial({ clock, chooseProxy, connect }), userAgent: userAgent(version) })
}

function createSources(options: RegistryOptions, registry: Source): (place: Place) => Source {
  const { store, log, clock, environment, home, buildManifest } = options
  const client = options.packageClient ?? createPackageClient({ environment, clock })
  const downloads = new SharedTasks<Unpacked>()
  const cacheFolder = path.join(home, 'cache')
  return (place) =>
    place.kind === 'registry'
      ? registry
      : createPackageSource(place, { store, log, clock, cacheFolder, client, downloads, build: buildManifest })
}

const GO_ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' }
const GO_PLATFORMS: Readonly<Record<string, string>> = { win32: 'windows' }

function userAgent(version: string): string {
  const architecture = GO_ARCHITECTURES[process.arch] ?? process.arch
  const platform = GO_PLATFORMS[process.platform] ?? process.platform
  return `ollama/${COMPATIBLE_VERSION} (${architecture} ${platform}) Llamero/${version}`
}
