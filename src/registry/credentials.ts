// Names and passwords for registries: URLs given by the operator (`https://user:password@host`) first, then Docker's config.json.
// Docker's credential helpers are programs; this folder starts none, so what they hold cannot be used (the log says so once).

import { readFile } from 'node:fs/promises'
import type { Log } from '../base/log.ts'

export interface Credentials {
  username: string
  password: string
}

/** `host` as a URL has it: with the port where it is not the standard one. */
export type FindCredentials = (host: string) => Promise<Credentials | undefined>

export interface CredentialSources {
  urls: readonly string[]
  dockerConfig: string
  log: Log
}

const MAX_DOCKER_CONFIG_LENGTH = 1024 * 1024

export function createCredentials({ urls, dockerConfig, log }: CredentialSources): FindCredentials {
  const given = urls.map(parseUrl).filter((entry) => entry !== undefined)
  return async (host) =>
    given.find((entry) => entry.host === host)?.credentials ?? findInDocker(await readDocker(dockerConfig, log), host, log)
}

function parseUrl(text: string): { host: string; credentials: Credentials } | undefined {
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  if (url.username === '') return undefined
  return { host: url.host, credentials: { username: decodeURIComponent(url.username), password: decodeURIComponent(url.password) } }
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

function findInDocker(config: Record<string, unknown>, host: string, log: Log): Credentials | undefined {
  const entries = Object.entries(toRecord(config.auths))
  const entry = entries.find(([key]) => hostOf(key) === host)
  const credentials = entry && toCredentials(toRecord(entry[1]))
  if (!credentials && (entry || toRecord(config.credHelpers)[host]) && (config.credsStore || config.credHelpers)) {
    log.warn("Docker's credential helpers are not used; name the registry as https://user:password@host instead", { host })
  }
  return credentials
}

/** Keys are hosts or URLs: `ghcr.io`, `https://index.docker.io/v1/`. */
function hostOf(key: string): string {
  return key.replace(/^https?:\/\//, '').replace(/\/.*$/, '')
}

function toCredentials(entry: Record<string, unknown>): Credentials | undefined {
  if (typeof entry.username === 'string' && typeof entry.password === 'string')
    return { username: entry.username, password: entry.password }
  if (typeof entry.auth !== 'string') return undefined
  const pair = Buffer.from(entry.auth, 'base64').toString('utf8')
  const colon = pair.indexOf(':')
  return colon > 0 ? { username: pair.slice(0, colon), password: pair.slice(colon + 1) } : undefined
}

function toRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
}
