import os from 'node:os'
import { warnOfUnused } from './unused.ts'
import { VARIABLES, type Variables } from './variables.ts'

export type Config = Variables & {
  /** What could not be understood, for the log. */
  warnings: string[]
  userHome: string
  /** As the process has it: what the programs that we start inherit, and what proxies and certificates are read from. */
  environment: NodeJS.ProcessEnv
}

export function readConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const warnings: string[] = []
  const context = { userHome: os.homedir(), environment, warn: (message: string) => void warnings.push(message) }
  const entries = Object.entries(VARIABLES).map(([key, variable]) => [key, variable.parse(clean(environment[variable.name]), context)])
  warnOfUnused(environment, context.warn)
  return { ...(Object.fromEntries(entries) as Variables), warnings, userHome: context.userHome, environment }
}

function clean(text: string | undefined): string | undefined {
  return text?.trim().replace(/^(["'])(.*)\1$/s, '$2')
}
