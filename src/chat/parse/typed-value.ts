// Families that write arguments as plain text between tags leave their types to the tool's schema.

import { isRecord, tryParseJson } from '../../base/json.ts'
import type { Tool } from '../message.ts'

/** The argument `key` of the tool from its text: one line break at either end is the format's. Of several types the narrowest that fits. */
export function toTypedValue(text: string, tool: Tool | undefined, key: string): unknown {
  return typeValue(text.replace(/^\n/, '').replace(/\n$/, ''), tool, key)
}

/** As toTypedValue, with every line break the argument's own. */
export function typeValue(raw: string, tool: Tool | undefined, key: string): unknown {
  if (raw.toLowerCase() === 'null') return null
  const types = typesOf(tool, key)
  if (types.has('boolean') && /^(true|false)$/i.test(raw)) return raw.toLowerCase() === 'true'
  const number = /^[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(raw.trim()) ? Number(raw) : Number.NaN
  if (types.has('integer') && Number.isInteger(number)) return number
  if (types.has('number') && Number.isFinite(number)) return number
  if (!types.has('array') && !types.has('object')) return raw
  const value = tryParseJson(raw)
  const fits = (types.has('array') && Array.isArray(value)) || (types.has('object') && isRecord(value))
  return fits ? value : raw
}

/** Whether the argument is the text that was written, whatever that is: all but the word null. */
export function isTextArgument(tool: Tool | undefined, key: string): boolean {
  const types = typesOf(tool, key)
  return !['boolean', 'integer', 'number', 'array', 'object'].some((type) => types.has(type))
}

export function findTool(tools: readonly Tool[], name: string): Tool | undefined {
  return tools.find((tool) => tool.function.name === name)
}

function typesOf(tool: Tool | undefined, key: string): ReadonlySet<unknown> {
  const properties = tool?.function.parameters?.properties
  const property = isRecord(properties) ? properties[key] : undefined
  if (!isRecord(property)) return new Set()
  const { anyOf } = property
  const schemas = Array.isArray(anyOf) && anyOf.length > 0 ? anyOf.filter(isRecord) : [property]
  return new Set(schemas.flatMap((schema) => schema.type))
}
