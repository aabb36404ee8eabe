// A tool's declaration in the shape that prompts show. Keys that Ollama knows come first, in its order and with its omissions, so that prompts
// are the same; what it would drop of a JSON Schema ($ref, oneOf, additionalProperties, default, format, ...) follows in the client's order.

import { isRecord } from '../base/json.ts'
import type { Tool } from './message.ts'

type Json = Record<string, unknown>

export interface ToolShape {
  type: string
  items?: unknown
  function: { name: string; description: string; parameters: ParametersShape }
}

export interface ParametersShape extends Json {
  type: unknown
  properties: Json | null
}

/** Deeper schemas are shown as the client wrote them. */
const MAX_SCHEMA_DEPTH = 64

export interface ShapeOptions {
  /** Go templates show the parameters' properties sorted by name; the native path keeps the client's order. */
  sortProperties: boolean
}

export function toToolShape(tool: Tool, options: ShapeOptions): ToolShape {
  const { name, description, parameters } = tool.function
  return {
    type: tool.type,
    ...(isPresent(tool.items) ? { items: sortKeys(tool.items) } : {}),
    function: { name, description: description ?? '', parameters: toParametersShape(parameters ?? {}, options) },
  }
}

/** A property of a tool's parameters. What is no object (a schema may be `true`) stays as it is. */
function toPropertyShape(property: unknown, depth = 0): unknown {
  if (!isRecord(property) || depth > MAX_SCHEMA_DEPTH) return property
  const { anyOf, type, items, description, enum: values, properties, required, ...others } = property
  return {
    ...(isFilledList(anyOf) ? { anyOf: anyOf.map((option) => toPropertyShape(option, depth + 1)) } : keepOdd('anyOf', anyOf)),
    ...toTypeShape(type),
    ...(isPresent(items) ? { items: sortKeys(items) } : {}),
    ...(isPresent(description) && description !== '' ? { description } : {}),
    ...(isFilledList(values) ? { enum: values.map((value) => sortKeys(value)) } : keepOdd('enum', values)),
    ...(isRecord(properties)
      ? { properties: mapValues(properties, (value) => toPropertyShape(value, depth + 1)) }
      : keepOdd('properties', properties)),
    ...(isFilledList(required) ? { required } : keepOdd('required', required)),
    ...others,
  }
}

function toParametersShape(parameters: Json, options: ShapeOptions): ParametersShape {
  const { type, $defs, items, required, properties, ...others } = parameters
  const shaped = isRecord(properties) ? mapValues(properties, (value) => toPropertyShape(value)) : null
  return {
    type: type ?? '',
    ...(isPresent($defs) ? { $defs: sortKeys($defs) } : {}),
    ...(isPresent(items) ? { items: sortKeys(items) } : {}),
    ...(isFilledList(required) ? { required } : keepOdd('required', required)),
    properties: shaped && options.sortProperties ? sortEntries(shaped) : shaped,
    ...others,
  }
}

/** A list of one type is written as that type. */
function toTypeShape(type: unknown): Json {
  if (!Array.isArray(type)) return isPresent(type) ? { type } : {}
  if (type.length === 0) return {}
  return { type: type.length === 1 ? type[0] : type }
}

/** Empty lists are left out; anything that is no list at all is the client's and stays. */
function keepOdd(key: string, value: unknown): Json {
  return isPresent(value) && !Array.isArray(value) ? { [key]: value } : {}
}

/** Keys of all objects inside sorted by their bytes, as Go writes a value without a type. */
function sortKeys(value: unknown, depth = 0): unknown {
  if (depth > MAX_SCHEMA_DEPTH) return value
  if (Array.isArray(value)) return value.map((item) => sortKeys(item, depth + 1))
  return isRecord(value) ? sortEntries(mapValues(value, (item) => sortKeys(item, depth + 1))) : value
}

function sortEntries(record: Json): Json {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))))
}

function mapValues(record: Json, change: (value: unknown) => unknown): Json {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]))
}

function isFilledList(value: unknown): value is unknown[] {
  return Array.isArray(value) && value.length > 0
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null
}
