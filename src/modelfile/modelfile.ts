// What a Modelfile says, as a list of commands in the order of the file: print.ts gives it back, the command line turns it into a create request.

export type MessageRole = 'system' | 'user' | 'assistant'

/** Commands whose argument is one text. */
export type TextCommandName = 'from' | 'license' | 'template' | 'system' | 'adapter' | 'draft' | 'renderer' | 'parser' | 'requires'

export type Command =
  | { name: TextCommandName; value: string }
  | { name: 'parameter'; parameter: string; value: string }
  | { name: 'message'; role: MessageRole; value: string }

export interface Modelfile {
  commands: Command[]
}

export const COMMAND_NAMES = [
  'from',
  'license',
  'template',
  'system',
  'adapter',
  'draft',
  'renderer',
  'parser',
  'parameter',
  'message',
  'requires',
] as const

export const MESSAGE_ROLES: readonly MessageRole[] = ['system', 'user', 'assistant']
