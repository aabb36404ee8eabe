// A Modelfile back as text, in the form of contract/native.md section 11.3: a value stands bare where it can, else in quotes.
// Invariant: what parseModelfile gave comes back the same. A value that no quoting can hold (a line that ends with """) is printed as well
// as it goes, since the text is for people too.

import type { Command, Modelfile } from './modelfile.ts'

export function formatModelfile(modelfile: Modelfile): string {
  return modelfile.commands.map((command) => `${formatCommand(command)}\n`).join('')
}

export function formatCommand(command: Command): string {
  switch (command.name) {
    case 'parameter':
      return `PARAMETER ${command.parameter} ${quoteValue(command.value)}`
    case 'message':
      return `MESSAGE ${command.role} ${quoteValue(command.value)}`
    default:
      return `${command.name.toUpperCase()} ${quoteValue(command.value)}`
  }
}

/** Bare text, or the text in `"` or `"""`. Ollama leaves a value that begins with a quote bare, which it cannot read back: here it is quoted. */
export function quoteValue(value: string): string {
  if (!/[\r\n]|^\s|\s$|^"/.test(value)) return value
  return value.includes('"') ? `"""${value}"""` : `"${value}"`
}
