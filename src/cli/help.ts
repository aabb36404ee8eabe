// The help texts, from the tables of verbs and flags.

import { VARIABLES } from '../config/variables.ts'
import { type Flag, type FlagTable, HELP_FLAG } from './arguments.ts'
import type { Verb } from './verb.ts'

const NAME_COLUMNS = 12
const VARIABLE_COLUMNS = 27

export function formatVerbHelp(program: string, verb: Verb): string {
  const aliases = verb.aliases?.length ? `\nAliases:\n  ${[verb.name, ...verb.aliases].join(', ')}\n` : ''
  return `${verb.summary}\n\nUsage:\n  ${program} ${verb.usage} [flags]\n${aliases}\n${formatFlags(verb.flags, verb.name)}${formatVariables(verb)}`
}

export function formatProgramHelp(program: string, verbs: readonly Verb[], flags: FlagTable): string {
  const list = verbs
    .filter((verb) => !verb.hidden)
    .map((verb) => `  ${verb.name.padEnd(NAME_COLUMNS)} ${verb.summary}\n`)
    .join('')
  return (
    `Local server for large language models\n\nUsage:\n  ${program} [flags]\n  ${program} [command]\n\nAvailable Commands:\n${list}\n` +
    `${formatFlags(flags, program)}\nUse "${program} [command] --help" for more information about a command.\n`
  )
}

function formatFlags(table: FlagTable, owner: string): string {
  const flags = Object.entries({ ...table, help: { ...HELP_FLAG, help: `help for ${owner}` } }).sort(([a], [b]) => (a < b ? -1 : 1))
  const heads = flags.map(([name, flag]) => `${flag.short ? `-${flag.short}, ` : '    '}--${name}${formatValue(flag)}`)
  const width = Math.max(...heads.map((head) => head.length))
  return `Flags:\n${flags.map(([, flag], index) => `  ${heads[index]?.padEnd(width)}   ${flag.help}\n`).join('')}`
}

function formatValue(flag: Flag): string {
  if (flag.type === 'boolean') return ''
  const type = flag.type === 'list' ? 'key=value' : flag.type
  return flag.implied === undefined ? ` ${type}` : ` ${type}[="${flag.implied}"]`
}

function formatVariables(verb: Verb): string {
  if (verb.variables.length === 0) return ''
  const lines = verb.variables.map((key) => `      ${VARIABLES[key].name.padEnd(VARIABLE_COLUMNS)}   ${VARIABLES[key].help}\n`)
  return `\nEnvironment Variables:\n${lines.join('')}`
}
