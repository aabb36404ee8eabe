// Logins of registries: URLs given by the operator (`https://user:password@host`) first, then Docker's config.json with its credential
// helpers, as `docker login` leaves them. They are looked for when a registry asks, and sent to that registry and its token server only.

import { readFile } from 'node:fs/promises'
import { isRecord } from '../base/json.ts'
import type { Log } from '../base/log.ts'
import { decodePercent } from './percent.ts'

/** A name and a password, or a token that buys others (OAuth 2). */
export type Credentials = { username: string; password: string } | { refreshToken: string }

/** `host` as a URL has it: with the port where it is not the standard one. */
export type FindCredentials = (host: string) => Promise<Credentials | undefined>

export interface CredentialSources {
  urls: readonly string[]
  dockerConfig: string
  /** Asks the program `docker-credential-<helper>`. */
  askHelper(helper: string, server: string): Promise<Credentials | undefined>
  log: Log
}

const MAX_DOCKER_CONFIG_LENGTH = 1024 * 1024

/** Docker's own registry has three names, and stands in the config under a fourth. */
const DOCKER_HUB = ['docker.io', 'registry-1.docker.io', 'index.docker.io']
const DOCKER_HUB_SERVER = 'https://index.docker.io/v1/'

export function createCredentials({ urls, dockerConfig, askHelper, log }: CredentialSources): FindCredentials {
  const given = urls.map((url) => parseUrl(url, log)).filter((entry) => entry !== undefined)
  return async (host) => {
    const own = given.find((entry) => entry.host === host)
    return own ? own.credentials : findInDocker(await readDocker(dockerConfig, log), host, askHelper)
  }
}

function parseUrl(text: string, log: Log): { host: string; credentials: Credentials } | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || url.username === '') {
    // Not the text: a password may be in it.
    log.warn('the login of a registry is not of the form https://user:password@host and is left out')
    return undefined
  }
  return { host: url.host, credentials: { username: decodePercent(url.username), password: decodePercent(url.password) } }
}

async function readDocker(file: string, log: Log): Promise<Record<string, unknown>> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    log.trace('no Docker credentials', { file, error })
    return {}
  }
  if (text.length > MAX_DOCKER_CONFIG_LENGTH) return {}
  try {
    return toRecord(JSON.parse(text))
  } catch (error) {
    log.warn("Docker's config is not JSON; its credentials are not used", { file, error })
    return {}
  }
}

/** A helper for this host, then what the file itself holds, then the helper for all hosts. */
async function findInDocker(
  config: Record<string, unknown>,
  host: string,
  askHelper: CredentialSources['askHelper'],
): Promise<Credentials | undefined> {
  const names = DOCKER_HUB.includes(host) ? DOCKER_HUB : [host]
  const server = DOCKER_HUB.includes(host) ? DOCKER_HUB_SERVER : host
  const forHost = Object.entries(toRecord(config.credHelpers)).find(([key]) => names.includes(hostOf(key)))
  if (typeof forHost?.[1] === 'string') return askHelper(forHost[1], server)
  const entries = Object.entries(toRecord(config.auths)).filter(([key]) => names.includes(hostOf(key)))
  for (const [, entry] of entries) {
    const credentials = toCredentials(toRecord(entry))
    if (credentials) return credentials
  }
  return typeof config.credsStore === 'string' && config.credsStore !== '' ? askHelper(config.credsStore, server) : undefined
}

/** Keys are hosts or URLs: `ghcr.io`, `https://index.docker.io/v1/`. */
function hostOf(key: string): string {
  return key.replace(/^https?:\/\//, '').replace(/\/.*$/, '')
}

function toCredentials(entry: Record<string, unknown>): Credentials | undefined {
  if (typeof entry.identitytoken === 'string' && entry.identitytoken !== '') return { refreshToken: entry.identitytoken }
  if (typeof entry.username === 'string' && typeof entry.password === 'string')
    return { username: entry.username, password: entry.password }
  if (typeof entry.auth !== 'string') return undefined
  const pair = Buffer.from(entry.auth, 'base64').toString('utf8')
  const colon = pair.indexOf(':')
  return colon > 0 ? { username: pair.slice(0, colon), password: pair.slice(colon + 1) } : undefined
}

function toRecord(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {}
}
