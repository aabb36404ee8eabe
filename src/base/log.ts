// One line per record on standard error: `time=... level=INFO msg="..." key=value`. Levels follow OLLAMA_DEBUG.

import { inspect } from 'node:util'

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]
export type LogFields = Readonly<Record<string, unknown>>

export type Log = Readonly<Record<LogLevel, (message: string, fields?: LogFields) => void>>

export interface LogOptions {
  level: LogLevel
  write?: (line: string) => void
}

/** Records below `level` are dropped. Fields that are undefined are left out; of an error, the message is written. */
export function createLog({ level, write = (line) => void process.stderr.write(line) }: LogOptions): Log {
  const lowest = LOG_LEVELS.indexOf(level)
  const at = (name: LogLevel) => (message: string, fields?: LogFields) => {
    if (LOG_LEVELS.indexOf(name) < lowest) return
    write(`time=${new Date().toISOString()} level=${name.toUpperCase()} msg=${quote(message)}${formatFields(fields)}\n`)
  }
  return { trace: at('trace'), debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

export const silentLog: Log = createLog({ level: 'error', write: () => {} })

function formatFields(fields: LogFields | undefined): string {
  if (!fields) return ''
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}=${quote(toText(value))}`)
    .join('')
}

/** Whatever is logged, logging does not fail. */
function toText(value: unknown): string {
  if (value instanceof Error) return value.message
  if (typeof value !== 'object' || value === null) return String(value)
  try {
    return JSON.stringify(value, (_, item) => (item instanceof Error ? item.message : typeof item === 'bigint' ? String(item) : item))
  } catch {
    // What JSON has no words for, like a cycle.
    return inspect(value, { breakLength: Number.POSITIVE_INFINITY })
  }
}

function quote(text: string): string {
  return /^[\w.:/@+-]+$/.test(text) ? text : JSON.stringify(text)
}
