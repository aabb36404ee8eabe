// gpt-oss knows tools as members of a TypeScript namespace, so their names must be identifiers there.

import type { Tool } from '../message.ts'

/** Names that the model was trained with. */
const BUILT_IN = new Set(['browser.open', 'browser.search', 'browser.find', 'python'])

/** Name in the prompt and in the reply, by the tool's own name. Two tools never share one. */
export function toHarmonyNames(tools: readonly Tool[]): Map<string, string> {
  const names = new Map<string, string>()
  const taken = new Set<string>()
  for (const { name } of tools.map((tool) => tool.function)) {
    if (name === '' || names.has(name)) continue
    let candidate = BUILT_IN.has(name) ? name : toIdentifier(name)
    for (let count = 2; taken.has(candidate); count++) candidate = `${toIdentifier(name)}_${count}`
    taken.add(candidate)
    names.set(name, candidate)
  }
  return names
}

/** The tools as the prompt must show them. */
export function toHarmonyTools(tools: readonly Tool[]): Tool[] {
  const names = toHarmonyNames(tools)
  return tools.map((tool) => ({ ...tool, function: { ...tool.function, name: names.get(tool.function.name) ?? tool.function.name } }))
}

function toIdentifier(name: string): string {
  const identifier = name.replace(/[ .-]/g, '_').replace(/[^\p{L}\p{Nd}_$]/gu, '')
  if (identifier === '') return 'unnamed'
  return /^\p{Nd}/u.test(identifier) ? `_${identifier}` : identifier
}
