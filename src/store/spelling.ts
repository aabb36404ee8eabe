// How a new name is spelled on the disk. Names that differ in case mean the same model, so each part takes the spelling that is there already:
// first of the model itself, then part by part of any other model, as Ollama does.

import { isSameName, type ModelName, toModelName } from '../model/name.ts'

const PARTS = ['host', 'namespace', 'model', 'tag'] as const

/** Where several spellings fit, the one that was asked for wins, then the first. */
export function spellLikeExisting(name: ModelName, existing: readonly ModelName[]): ModelName {
  const same = existing.filter((other) => isSameName(other, name))
  const exact = same.find((other) => PARTS.every((part) => other[part] === name[part]))
  if (exact) return exact
  if (same[0]) return same[0]
  const parts = { host: name.host, namespace: name.namespace, model: name.model, tag: name.tag }
  for (const part of PARTS) {
    const spellings = existing.map((other) => other[part]).filter((spelling) => spelling.toLowerCase() === name[part].toLowerCase())
    if (!spellings.includes(name[part])) parts[part] = spellings[0] ?? name[part]
  }
  return toModelName(parts) ?? name
}
