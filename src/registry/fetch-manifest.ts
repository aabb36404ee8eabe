// Asks a registry for a manifest and checks it. All errors begin with `pull model manifest:`, as Ollama's do.

import type { Clock } from '../base/clock.ts'
import { AppError, toAppError } from '../base/errors.ts'
import { MAX_MANIFEST_BYTES, type Manifest, parseManifest } from '../model/manifest.ts'
import { MEDIA_TYPES } from '../model/media-type.ts'
import type { ModelName } from '../model/name.ts'
import { readBytes, readErrorText } from './body.ts'
import { follow } from './follow.ts'
import { type Session, statusError } from './session.ts'
import { within } from './wait.ts'

export interface FetchedManifest {
  manifest: Manifest
  bytes: Uint8Array
}

export interface FetchManifestOptions {
  clock: Clock
  connectTimeoutMs?: number
  signal?: AbortSignal
}

const ANSWER_LIMIT_MS = 60_000
const ACCEPT = `${MEDIA_TYPES.manifest}, ${MEDIA_TYPES.ociManifest}`

/** Throws `registry_unreachable`, `registry_not_found`, `registry_error`, `unauthorized`, `forbidden`, `not_supported`. */
export async function fetchManifest(session: Session, name: ModelName, options: FetchManifestOptions): Promise<FetchedManifest> {
  const url = session.url(`manifests/${name.tag}`)
  const stop = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal
  try {
    const bytes = await within(download(session, url, { ...options, signal }), {
      clock: options.clock,
      limitMs: ANSWER_LIMIT_MS,
      message: 'the registry does not answer in time',
    })
    return { bytes, manifest: checkManifest(Buffer.from(bytes).toString('utf8')) }
  } catch (error) {
    const { code, message, details } = toAppError(error)
    if (code === 'cancelled' || code === 'not_supported' || code === 'internal') throw error
    const text = code === 'registry_unreachable' ? `Get ${JSON.stringify(url.href)}: ${message}${proxyHint(details.reason)}` : message
    const hint = (code === 'unauthorized' || code === 'forbidden') && session.hint ? ` (${session.hint})` : ''
    throw new AppError(code, `pull model manifest: ${text}${hint}`, { cause: error, details: { ...details, reason: message } })
  } finally {
    stop.abort()
  }
}

/** Nothing leads there directly: in many networks a proxy does, and people set it for the client. */
const NO_WAY: readonly unknown[] = ['ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH']

function proxyHint(reason: unknown): string {
  return NO_WAY.includes(reason) ? ' (if there is a proxy: HTTPS_PROXY must be set in the environment of the server)' : ''
}

async function download(session: Session, url: URL, { connectTimeoutMs, signal }: FetchManifestOptions): Promise<Uint8Array> {
  const { reply } = await follow(session, url, {
    headers: { accept: ACCEPT },
    ...(connectTimeoutMs === undefined ? {} : { connectTimeoutMs }),
    ...(signal ? { signal } : {}),
  })
  if (reply.status === 200) return readBytes(reply, MAX_MANIFEST_BYTES)
  if (reply.status === 404) {
    reply.discard()
    throw new AppError('registry_not_found', 'file does not exist', { details: { status: 404 } })
  }
  throw statusError(reply.status, await readErrorText(reply))
}

function checkManifest(text: string): Manifest {
  const manifest = parse(text)
  if (manifest.layers.length === 0) throw new AppError('registry_error', 'the manifest has no layers')
  if (manifest.layers.some((layer) => layer.mediaType === MEDIA_TYPES.tensor)) {
    throw new AppError('not_supported', 'this model requires MLX support, but the MLX runtime is not available')
  }
  return manifest
}

function parse(text: string): Manifest {
  try {
    return parseManifest(text)
  } catch (error) {
    const { code, message } = toAppError(error)
    if (code !== 'store_corrupt') throw error
    throw new AppError('registry_error', message, { cause: error })
  }
}
