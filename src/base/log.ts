// One line per record on standard error: `time=... level=INFO msg="..." key=value`. Levels follow OLLAMA_DEBUG.

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]
export type LogFields = Readonly<Record<string, unknown>>

export type Log = Readonly<Record<LogLevel, (message: string, fields?: LogFields) => void>>

export interface LogOptions {
  level: LogLevel
  write?: (line: string) => void
}

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

function toText(value: unknown): string {
  if (value instanceof Error) return value.message
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

function quote(text: string): string {
  return /^[\w.:/@+-]+$/.test(text) ? text : JSON.stringify(text)
}
