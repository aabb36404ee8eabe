// Values inside prompts: tools and arguments as the families' templates write them.

import { isRecord } from '../../base/json.ts'
import type { Message, Tool } from '../message.ts'
import { toToolShape } from '../tool-schema.ts'

type Json = Record<string, unknown>

export interface ToolParameters {
  type: string
  properties: [name: string, property: Json][]
  required: string[]
  /** All of it, in the shape in which it is written. */
  shape: Json
}

/** The tool as one JSON value, without the keys that say nothing. */
export function toToolJson(tool: Tool): Json {
  const { function: declared, ...shape } = toToolShape(tool, { sortProperties: false })
  const { description, ...others } = declared
  const { name, ...rest } = others
  return { ...shape, function: { name, ...(description === '' ? {} : { description }), ...rest } }
}

export function parametersOf(tool: Tool): ToolParameters {
  const shape: Json = toToolShape(tool, { sortProperties: false }).function.parameters
  const { type, properties, required } = shape
  const entries = isRecord(properties) ? Object.entries(properties) : []
  return {
    type: typeof type === 'string' ? type : '',
    properties: entries.map(([name, property]) => [name, isRecord(property) ? property : {}]),
    required: Array.isArray(required) ? required.filter((name) => typeof name === 'string') : [],
    shape,
  }
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** The types of a property; a single one is a list too. */
export function typesOf(property: Json): string[] {
  const { type } = property
  if (typeof type === 'string') return [type]
  return Array.isArray(type) ? type.filter((name) => typeof name === 'string') : []
}

/** JSON with a space behind each colon and comma, as the published templates write it: with <, > and & as they are. */
export function toSpacedJson(value: unknown): string {
  return addSpaces(toJson(value))
}

export function toJson(value: unknown): string {
  return JSON.stringify(value) ?? 'null'
}

/** Text as it is, everything else as JSON. */
export function toArgumentText(value: unknown): string {
  return typeof value === 'string' ? value : toSpacedJson(value)
}

export function isLast(messages: readonly Message[], index: number): boolean {
  return index === messages.length - 1
}

/** Where the last turn begins: the last message of the user that is no tool's answer in disguise. */
export function findLastQuery(messages: readonly Message[]): number {
  const last = messages.findLastIndex(({ role, content }) => {
    const text = content.trim()
    return role === 'user' && !(text.startsWith('<tool_response>') && text.endsWith('</tool_response>'))
  })
  return last < 0 ? messages.length - 1 : last
}

function addSpaces(json: string): string {
  return json.replace(/"(?:[^"\\]|\\.)*"|[:,]/g, (part) => (part === ':' || part === ',' ? `${part} ` : part))
}
