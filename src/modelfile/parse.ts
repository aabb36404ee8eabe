// The grammar of a Modelfile: commands, their words, FROM as the one that must be there. Errors carry Ollama's texts
// (contract/native.md section 11.2). Two leniencies: any number of blanks between words, and a CR LF counts as one line in errors.

import { AppError } from '../base/errors.ts'
import { createModelfileCursor, type ModelfileCursor } from './lex.ts'
import { COMMAND_NAMES, type Command, MESSAGE_ROLES, type MessageRole, type Modelfile, type TextCommandName } from './modelfile.ts'

/** A Modelfile holds prompts and licenses; more than this is another kind of file. */
export const MAX_MODELFILE_BYTES = 16 * 1024 * 1024
/** Stops a file of nothing but commands from becoming millions of objects. */
export const MAX_COMMANDS = 100_000

const LETTER = /[A-Za-z]/
const PARAMETER_CHARACTER = /[A-Za-z0-9_]/
const INVALID_COMMAND = `command must be one of ${oneOf(COMMAND_NAMES)}`
const INVALID_ROLE = `message role must be one of ${oneOf(MESSAGE_ROLES)}`

/** Bytes are UTF-8, or UTF-16 with a byte order mark. Throws `invalid_modelfile`. */
export function parseModelfile(source: string | Uint8Array): Modelfile {
  if (source.length > MAX_MODELFILE_BYTES) throw invalid('the Modelfile is larger than 16 MiB')
  const cursor = createModelfileCursor(typeof source === 'string' ? source.replace(/^\uFEFF/, '') : decode(source))
  const commands: Command[] = []
  while (cursor.skipToCommand()) {
    if (commands.length >= MAX_COMMANDS) throw invalid(`the Modelfile has more than ${MAX_COMMANDS} commands`)
    commands.push(parseCommand(cursor))
  }
  if (!commands.some((command) => command.name === 'from')) throw invalid('no FROM line')
  return { commands }
}

function parseCommand(cursor: ModelfileCursor): Command {
  const { line } = cursor
  const { word, next } = cursor.readWord(LETTER)
  if (next === '') throw invalid('unexpected EOF')
  const name = word.toLowerCase()
  if (!isBlank(next) || !isCommandName(name)) throw invalid(`(line ${line}): ${INVALID_COMMAND}`)
  switch (name) {
    case 'parameter':
      return { name, parameter: readArgument(cursor, PARAMETER_CHARACTER), value: cursor.readValue() }
    case 'message':
      return { name, role: parseRole(readArgument(cursor, LETTER), line), value: cursor.readValue() }
    default:
      return { name: name satisfies TextCommandName, value: cursor.readValue() }
  }
}

function readArgument(cursor: ModelfileCursor, character: RegExp): string {
  cursor.skipBlanks()
  const { word, next } = cursor.readWord(character)
  if (next === '') throw invalid('unexpected EOF')
  if (!isBlank(next)) throw invalid(`unexpected EOF: ${word}`)
  return word
}

function parseRole(text: string, line: number): MessageRole {
  const role = MESSAGE_ROLES.find((candidate) => candidate === text)
  if (role === undefined) throw invalid(`(line ${line}): ${INVALID_ROLE}`)
  return role
}

function decode(bytes: Uint8Array): string {
  const [first, second] = bytes
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes)
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(bytes)
  return new TextDecoder('utf-8').decode(bytes)
}

function isCommandName(name: string): name is (typeof COMMAND_NAMES)[number] {
  return (COMMAND_NAMES as readonly string[]).includes(name)
}

function isBlank(character: string): boolean {
  return character === ' ' || character === '\t'
}

function oneOf(names: readonly string[]): string {
  const quoted = names.map((name) => `"${name}"`)
  return `${quoted.slice(0, -1).join(', ')}, or ${quoted.at(-1)}`
}

function invalid(message: string): AppError {
  return new AppError('invalid_modelfile', message)
}
