// Gemma 4's declaration of a tool's parameters: properties in the order of the alphabet, of each only what the model knows.

import { isRecord } from '../../base/json.ts'
import { sortedEntries, toGemmaList, toGemmaValue } from './gemma-notation.ts'
import { textOf, typesOf } from './prompt-values.ts'

type Json = Readonly<Record<string, unknown>>

/** Names that the model's template takes for keywords and leaves out. */
const RESERVED = ['description', 'type', 'properties', 'required', 'nullable']

/** `isInItems`: below a list's items the template knows schemas, elsewhere typed properties; a list of types looks different there. */
export function renderSchemaProperties(properties: Json, mark: string, isInItems = false): string {
  return sortedEntries(properties)
    .filter(([name, property]) => !RESERVED.includes(name) && isRecord(property))
    .map(([name, property]) => `${name}:{${renderProperty(property as Json, mark, isInItems)}}`)
    .join(',')
}

function renderProperty(property: Json, mark: string, isInItems: boolean): string {
  const types = declaredTypes(property)
  const [type] = types.length === 1 ? types : []
  const description = textOf(property.description)
  const parts = [
    description === '' ? '' : `description:${mark}${description}${mark}`,
    type === 'STRING' && Array.isArray(property.enum) ? `enum:${toGemmaList(property.enum.map(String), mark)}` : '',
    type === 'ARRAY' && isRecord(property.items) ? `items:{${renderItems(property.items, mark)}}` : '',
    property.nullable === true ? 'nullable:true' : '',
    type === 'OBJECT'
      ? `properties:{${renderSchemaProperties(isRecord(property.properties) ? property.properties : property, mark, isInItems)}}`
      : '',
    type === 'OBJECT' && isFilled(property.required) ? `required:${toGemmaList(property.required.map(String), mark)}` : '',
    types.length === 0 ? '' : `type:${toTypeText(types, mark, isInItems)}`,
  ]
  return parts.filter(Boolean).join(',')
}

/** `type`, or the types of an anyOf that says nothing else. */
function declaredTypes(property: Json): string[] {
  const own = typesOf(property)
  if (own.length > 0 || !Array.isArray(property.anyOf)) return own.map((type) => type.toUpperCase())
  const isBare = (option: unknown): option is Record<string, unknown> => isRecord(option) && Object.keys(option).join() === 'type'
  return property.anyOf.every(isBare) ? [...new Set(property.anyOf.flatMap(typesOf))].map((type) => type.toUpperCase()) : []
}

/** The template prints a list of types of a typed property as Python does. */
function toTypeText(types: readonly string[], mark: string, isInItems: boolean): string {
  if (types.length === 1) return `${mark}${types[0]}${mark}`
  return isInItems ? toGemmaList(types, mark) : `${mark}[${types.map((type) => `'${type}'`).join(', ')}]${mark}`
}

function renderItems(items: Json, mark: string): string {
  const parts = sortedEntries(items).map(([key, value]) => {
    if (value === null || value === undefined) return ''
    if (key === 'properties') return `properties:{${isRecord(value) ? renderSchemaProperties(value, mark, true) : ''}}`
    if (key === 'required') return `required:${toGemmaList(Array.isArray(value) ? value.map(String) : [], mark)}`
    if (key !== 'type') return `${key}:${toQuotedValue(value, mark)}`
    const types = typesOf({ type: value }).map((type) => type.toUpperCase())
    if (types.length === 0) return ''
    return `type:${toTypeText(types, mark, true)}`
  })
  return parts.filter(Boolean).join(',')
}

/** As toGemmaValue, with the keys between marks too. */
function toQuotedValue(value: unknown, mark: string): string {
  if (Array.isArray(value)) return `[${value.map((item) => toQuotedValue(item, mark)).join(',')}]`
  if (!isRecord(value)) return toGemmaValue(value, mark)
  const pairs = sortedEntries(value).map(([key, item]) => `${mark}${key}${mark}:${toQuotedValue(item, mark)}`)
  return `{${pairs.join(',')}}`
}

function isFilled(value: unknown): value is unknown[] {
  return Array.isArray(value) && value.length > 0
}
