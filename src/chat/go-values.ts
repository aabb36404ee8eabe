// Messages and tools as a Go template sees them: Ollama's field names and type names, and what each prints as (contract/native.md 12.2).
// Better than Ollama 0.33 on purpose: `{{ .Function }}`, its parameters and a property print as JSON, as the templates of the families expect;
// Ollama prints Go's inner form of them.

import { toGoJson } from '../base/go-json.ts'
import { isRecord } from '../base/json.ts'
import { GoValue, toJsonText, type Value } from '../template/value.ts'
import type { Message, Tool, ToolCall } from './message.ts'
import { type ParametersShape, type ToolShape, toToolShape } from './tool-schema.ts'

export function toGoMessages(messages: readonly Message[]): Value {
  return new GoValue('list', messages.map(toGoMessage), { typeName: '[]*template.templateMessage' })
}

/** Absent tools are a nil list, which prints `null`. */
export function toGoTools(tools: readonly Tool[] | undefined): Value {
  const shapes = (tools ?? []).map((tool) => toToolShape(tool, { sortProperties: true }))
  const json = (): string => (tools === undefined ? 'null' : toGoJson(shapes))
  return new GoValue('list', shapes.map(toGoTool), { typeName: 'template.templateTools', text: json, json, isNil: tools === undefined })
}

function toGoMessage(message: Message): Value {
  const calls = (message.toolCalls ?? []).map(toGoToolCall)
  const images = message.images ?? []
  const fields = {
    Role: message.role,
    Content: message.content,
    Thinking: message.thinking ?? '',
    Images: new GoValue('list', images, { typeName: '[]api.ImageData', isNil: images.length === 0 }),
    ToolCalls: new GoValue('list', calls, { typeName: '[]template.templateToolCall', isNil: calls.length === 0 }),
    ToolName: message.toolName ?? '',
    ToolCallID: message.toolCallId ?? '',
  }
  return new GoValue('struct', fields, { typeName: '*template.templateMessage' })
}

function toGoToolCall(call: ToolCall): Value {
  const text = (): string => toJsonText(call.function.arguments as Value)
  const called = {
    Index: BigInt(call.function.index),
    Name: call.function.name,
    Arguments: new GoValue('map', call.function.arguments as Record<string, Value>, {
      typeName: 'template.templateArgs',
      text,
      json: text,
    }),
  }
  const fields = { ID: call.id ?? '', Function: new GoValue('struct', called, { typeName: 'template.templateToolCallFunction' }) }
  return new GoValue('struct', fields, { typeName: 'template.templateToolCall' })
}

function toGoTool(shape: ToolShape): Value {
  const { name, description, parameters } = shape.function
  const called = { Name: name, Description: description, Parameters: toGoParameters(parameters) }
  const fields = {
    Type: shape.type,
    Items: (shape.items ?? null) as Value,
    Function: toJsonStruct('template.templateToolFunction', called, shape.function),
  }
  return toJsonStruct('template.templateTool', fields, shape)
}

function toGoParameters(shape: ParametersShape): Value {
  const fields = {
    Type: toText(shape.type),
    Defs: (shape.$defs ?? null) as Value,
    Items: (shape.items ?? null) as Value,
    Required: toGoTexts(shape.required),
    Properties: toGoProperties(shape.properties, 'template.templateProperties'),
  }
  return toJsonStruct('template.templateToolFunctionParameters', fields, shape)
}

function toGoProperties(properties: unknown, typeName: string): Value {
  const entries = isRecord(properties) ? Object.entries(properties) : []
  const content = Object.fromEntries(entries.map(([name, property]) => [name, toGoProperty(property)]))
  const isNil = !isRecord(properties)
  return new GoValue('map', content, {
    typeName,
    text: () => toGoJson(properties ?? {}),
    json: () => toGoJson(properties ?? null),
    isNil,
  })
}

function toGoProperty(property: unknown): Value {
  const shape = isRecord(property) ? property : {}
  const fields = {
    AnyOf: Array.isArray(shape.anyOf) ? shape.anyOf.map(toGoProperty) : [],
    Type: toGoType(shape.type),
    Items: (shape.items ?? null) as Value,
    Description: toText(shape.description),
    Enum: Array.isArray(shape.enum) ? (shape.enum as Value[]) : [],
    Properties: isRecord(shape.properties) ? toGoProperties(shape.properties, '*api.ToolPropertiesMap') : null,
    Required: toGoTexts(shape.required),
  }
  return toJsonStruct('api.ToolProperty', fields, property)
}

/** Prints as the type, or as `[string null]` where there are several. */
function toGoType(type: unknown): Value {
  const types = (Array.isArray(type) ? type : type === undefined ? [] : [type]).map(toText)
  const text = (): string => (types.length > 1 ? `[${types.join(' ')}]` : (types[0] ?? ''))
  return new GoValue('list', types, { typeName: 'api.PropertyType', text, json: () => toGoJson(type ?? []), isNil: types.length === 0 })
}

function toGoTexts(values: unknown): Value {
  return new GoValue('list', Array.isArray(values) ? values.map(toText) : [], { typeName: '[]string', isNil: !Array.isArray(values) })
}

function toJsonStruct(typeName: string, fields: Record<string, Value>, shape: unknown): Value {
  const json = (): string => toGoJson(shape)
  return new GoValue('struct', fields, { typeName, text: json, json })
}

function toText(value: unknown): string {
  return typeof value === 'string' ? value : value === undefined || value === null ? '' : toGoJson(value)
}
