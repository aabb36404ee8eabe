// `--json` on the verbs: one value, or one line of JSON for each thing that happens. Errors stay on standard error, as without it.

import type { Flag } from './arguments.ts'
import type { CliIo } from './io.ts'

export const JSON_FLAG: Flag = { type: 'boolean', help: 'Print JSON' }
export const JSON_LINES_FLAG: Flag = { type: 'boolean', help: 'Print a line of JSON for each thing that happens' }

export function printJson({ stdout }: CliIo, value: unknown): void {
  stdout.write(`${JSON.stringify(value, null, 2)}\n`)
}

export function printJsonLine({ stdout }: CliIo, value: unknown): void {
  stdout.write(`${JSON.stringify(value)}\n`)
}
