// Every environment variable that Llamero reads, in one table: name, parser, default, help. This folder is the only reader of
// process.env. Values are trimmed of blanks and of quotes; contract/native.md section 13 gives the meaning of Ollama's own.

import path from 'node:path'
import { parseBytes } from '../base/bytes.ts'
import { AppError } from '../base/errors.ts'
import type { LogLevel } from '../base/log.ts'
import { type HostAddress, parseHost } from './host.ts'
import { parseKeepAliveNs } from './keep-alive.ts'

export interface Variable<T> {
  name: string
  help: string
  /** Undefined text = not set. A bad value gives the default and a warning, never a refusal to start. */
  parse(text: string | undefined, context: ParseContext): T
}

export interface ParseContext {
  userHome: string
  /** Variables of other programs (VISUAL, EDITOR) stand in for some of ours that are not set. */
  environment: Readonly<Record<string, string | undefined>>
  warn(message: string): void
}

function variable<T>(
  name: string,
  help: string,
  parse: (text: string, context: ParseContext) => T,
  fallback: (context: ParseContext) => T,
): Variable<T> {
  return {
    name,
    help,
    parse(text, context) {
      if (text === undefined || text === '') return fallback(context)
      try {
        return parse(text, context)
      } catch (error) {
        if (!(error instanceof AppError)) throw error
        context.warn(`${name}: ${error.message}; the default is used`)
        return fallback(context)
      }
    },
  }
}

const flag = (name: string, help: string, fallback = false) => variable(name, help, parseFlag, () => fallback)
const count = (name: string, help: string, fallback: number) => variable(name, help, parseCount, () => fallback)

export const VARIABLES = {
  host: variable<HostAddress>(
    'OLLAMA_HOST',
    'Address of the server (default 127.0.0.1:11434)',
    (text, { warn }) => parseHost(text, warn),
    () => parseHost(''),
  ),
  models: variable(
    'OLLAMA_MODELS',
    'Folder of the models (default ~/.ollama/models)',
    (text) => path.resolve(text),
    ({ userHome }) => path.join(userHome, '.ollama', 'models'),
  ),
  home: variable(
    'LLAMERO_HOME',
    "Folder of Llamero's own log, state and caches (default ~/.llamero)",
    (text) => path.resolve(text),
    ({ userHome }) => path.join(userHome, '.llamero'),
  ),
  keepAliveNs: variable('OLLAMA_KEEP_ALIVE', 'Time that a model stays loaded (default 5m)', parseKeepAliveNs, () => 5 * 60e9),
  loadTimeoutMs: variable('OLLAMA_LOAD_TIMEOUT', 'Time that a load may stand still (default 5m)', parseLoadTimeout, () => 5 * 60_000),
  contextTokens: count('OLLAMA_CONTEXT_LENGTH', 'Context length unless told otherwise (default 4096)', 0),
  numParallel: count('OLLAMA_NUM_PARALLEL', 'Requests that one model serves at once (default: up to 8, as memory allows)', 0),
  maxLoadedModels: count('OLLAMA_MAX_LOADED_MODELS', 'Models loaded at once (default 3)', 0),
  maxQueue: count('OLLAMA_MAX_QUEUE', 'Requests that may wait (default 512)', 512),
  apiKey: variable<string | undefined>(
    'LLAMERO_API_KEY',
    'Key that the server asks of every client, and that the command line sends (default none)',
    parseApiKey,
    () => undefined,
  ),
  console: flag('LLAMERO_CONSOLE', 'Serve the web console at /console (default on)', true),
  origins: variable('OLLAMA_ORIGINS', 'Further allowed origins, separated by commas', parseList, () => [] as string[]),
  logLevel: variable<LogLevel>('OLLAMA_DEBUG', 'More in the log: 1 debug, 2 trace', parseLogLevel, () => 'info'),
  flashAttention: variable<'auto' | 'on' | 'off'>(
    'OLLAMA_FLASH_ATTENTION',
    'Flash attention on or off (default automatic)',
    (text) => (parseFlag(text) ? 'on' : 'off'),
    () => 'auto',
  ),
  kvCacheType: variable<KvCacheType>('OLLAMA_KV_CACHE_TYPE', 'Type of the KV cache (default f16)', parseKvCacheType, () => 'f16'),
  speculate: variable(
    'LLAMERO_SPECULATE',
    'Guess tokens that repeat earlier ones, and with a draft model (default on); the text is the same',
    parseFlag,
    () => true,
  ),
  prefixCacheBytes: variable<number | undefined>(
    'LLAMERO_PREFIX_CACHE',
    'Disk space for what models have read and written, to go on from later: 2GiB, off (default 2GiB, a tenth of the free space at most)',
    parsePrefixCache,
    () => undefined,
  ),
  goTemplate: variable<boolean | undefined>(
    'OLLAMA_GO_TEMPLATE',
    "Prefer the model's TEMPLATE over its chat template",
    parseFlag,
    () => undefined,
  ),
  maxTransferStreams: count('OLLAMA_MAX_TRANSFER_STREAMS', 'Connections that one download opens at once (default 16)', 16),
  allowedRegistries: variable(
    'LLAMERO_REGISTRIES',
    'Registries that models may come from and go to, separated by commas (default all)',
    parseList,
    () => [] as string[],
  ),
  registryLogins: variable(
    'LLAMERO_REGISTRY_LOGINS',
    "Logins of registries: https://user:password@host, separated by commas (default those of Docker's config)",
    parseList,
    () => [] as string[],
  ),
  tokenServers: variable(
    'LLAMERO_TOKEN_SERVERS',
    'Token servers at another address than their registry: registry=https://host, separated by commas',
    parseTokenServers,
    () => [] as TokenServer[],
  ),
  noPrune: flag('OLLAMA_NOPRUNE', 'Do not delete unused blobs'),
  noHistory: flag('OLLAMA_NOHISTORY', 'Do not keep the history of the prompt'),
  editor: variable<string | undefined>(
    'OLLAMA_EDITOR',
    'Editor for Ctrl-G in the prompt (default VISUAL, then EDITOR)',
    (text) => text,
    ({ environment }) => environment.VISUAL?.trim() || environment.EDITOR?.trim() || undefined,
  ),
  color: variable(
    'NO_COLOR',
    'No colours on the terminal, whatever the value',
    () => false,
    () => true,
  ),
  noCloud: flag('OLLAMA_NO_CLOUD', 'Llamero never talks to a cloud; accepted for compatibility'),
} as const

export type Variables = { [Key in keyof typeof VARIABLES]: (typeof VARIABLES)[Key] extends Variable<infer T> ? T : never }

const KV_CACHE_TYPES = ['f16', 'f32', 'bf16', 'q8_0', 'q4_0', 'q4_1', 'q5_0', 'q5_1', 'iq4_nl'] as const
export type KvCacheType = (typeof KV_CACHE_TYPES)[number]

/** Go's ParseBool, and any other text that is not empty means true. */
export function parseFlag(text: string): boolean {
  return !['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text)
}

function parseCount(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new AppError('invalid_request', `${JSON.stringify(text)} is not a count`)
  return Number(text)
}

/** What cannot be sent in a header locks everybody out, which is safer than the default: no key at all. */
function parseApiKey(text: string, { warn }: ParseContext): string {
  if (!/^[\x21-\x7e]+$/.test(text)) warn('LLAMERO_API_KEY has characters that no client can send: ASCII without blanks works')
  return text
}

function parseList(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

export interface TokenServer {
  /** Host of the registry, with its port where that is not the usual one. */
  registry: string
  /** Scheme, host and port. */
  origin: string
}

function parseTokenServers(text: string): TokenServer[] {
  return parseList(text).map((item) => {
    const [, registry, server = ''] = /^([^=/\s]+)=(https?:\/\/\S+)$/.exec(item) ?? []
    if (registry === undefined || !URL.canParse(server))
      throw new AppError('invalid_request', `${JSON.stringify(item)} is not of the form registry=https://host`)
    return { registry, origin: new URL(server).origin }
  })
}

function parseLogLevel(text: string): LogLevel {
  if (/^\d+$/.test(text)) return Number(text) === 0 ? 'info' : Number(text) === 1 ? 'debug' : 'trace'
  return parseFlag(text) ? 'debug' : 'info'
}

function parseKvCacheType(text: string): KvCacheType {
  const type = KV_CACHE_TYPES.find((name) => name === text.toLowerCase())
  if (!type) throw new AppError('invalid_request', `${JSON.stringify(text)} is none of ${KV_CACHE_TYPES.join(', ')}`)
  return type
}

function parsePrefixCache(text: string): number {
  const sizeBytes = parseFlag(text) && text.toLowerCase() !== 'off' ? parseBytes(text) : 0
  if (sizeBytes === undefined) throw new AppError('invalid_request', `${JSON.stringify(text)} is not a size`)
  return sizeBytes
}

/** Zero and less mean no limit. */
function parseLoadTimeout(text: string): number {
  const ns = parseKeepAliveNs(text)
  return ns <= 0 ? Number.POSITIVE_INFINITY : ns / 1e6
}
