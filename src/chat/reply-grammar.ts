// The grammar of a whole reply that must be tool calls, or calls or a format: perhaps thinking first, then calls as the model's family writes
// them. A tool's schema that no grammar expresses still gives a call, with any object as its arguments: that it is called comes first.

import { isAppError } from '../base/errors.ts'
import type { Argument, CallArguments, CallSyntax, SyntaxRules } from './call-syntax.ts'
import { choice, type Expression, isNothing, optional, repeat, sequence, set } from './grammar/expression.ts'
import { GrammarWriter } from './grammar/grammar-writer.ts'
import { JsonRules } from './grammar/json-rules.ts'
import { isSchema, type Schema } from './grammar/schema.ts'
import { SchemaReader } from './grammar/schema-reader.ts'
import { textUntil } from './grammar/text-until.ts'
import { type GrammarFormat, readFormat, refuseBroken } from './grammar/to-grammar.ts'
import type { Tool } from './message.ts'
import type { ThinkingTags } from './parse/thinking.ts'

export interface ReplyGrammarOptions {
  tools: readonly Tool[]
  syntax: CallSyntax
  maxCalls: number
  /** The reply may be this instead of calls. */
  format?: GrammarFormat
  /** The reply may begin with thinking. */
  thinking?: ThinkingTags
  /** The grammar begins behind the thinking. */
  isAfterThinking?: boolean
}

/** White space that models put between thinking and answer. */
const MAX_LEAD = 4
const LEAD = repeat(set(' ', '\n'), 0, MAX_LEAD)

/** Throws `invalid_format` where the format is no schema that a grammar expresses. */
export function toReplyGrammar({ tools, syntax, maxCalls, format, thinking, isAfterThinking }: ReplyGrammarOptions): string {
  const writer = new GrammarWriter()
  const root = writer.reserve('root')
  const json = new JsonRules(writer)
  const prefix = thinking ? perhapsThinking(thinking, writer) : sequence()
  const calls = sequence(syntax.open, listOf(anyCall(tools, syntax, { writer, json }), syntax, maxCalls), syntax.close)
  const formatted = format ? readFormat(format, writer, json) : undefined
  const body = formatted ? choice(calls, formatted.expression) : calls
  writer.complete(root, sequence(isAfterThinking ? LEAD : '', prefix, body))
  refuseBroken(writer, formatted?.reader)
  return writer.toText()
}

/** A format, perhaps behind thinking: a model that may think need not. Throws `invalid_format`. */
export function toThinkingGrammar(format: GrammarFormat, thinking: ThinkingTags): string {
  const writer = new GrammarWriter()
  const root = writer.reserve('root')
  const { expression, reader } = readFormat(format, writer, new JsonRules(writer))
  writer.complete(root, sequence(perhapsThinking(thinking, writer), expression))
  refuseBroken(writer, reader)
  return writer.toText()
}

function perhapsThinking({ open, close }: ThinkingTags, writer: GrammarWriter): Expression {
  return optional(open, textUntil(close, writer), LEAD)
}

interface Rules {
  writer: GrammarWriter
  json: JsonRules
}

function listOf(call: Expression, { separator, isSingle }: CallSyntax, maxCalls: number): Expression {
  return isSingle ? call : sequence(call, repeat(sequence(separator, call), 0, maxCalls - 1))
}

function anyCall(tools: readonly Tool[], syntax: CallSyntax, { writer, json }: Rules): Expression {
  const names = syntax.namesOf?.(tools)
  const rules: SyntaxRules = { until: (end) => textUntil(end, writer) }
  const calls = tools.map(({ function: { name, parameters } }) => {
    const args = readArguments(parameters, { writer, json })
    return writer.define(`call-${name}`, syntax.call(names?.get(name) ?? name, args, rules))
  })
  return writer.define('call', choice(...calls))
}

function readArguments(parameters: unknown, rules: Rules): CallArguments {
  const schema = isSchema(parameters) && Object.keys(parameters).length > 0 ? parameters : { type: 'object', properties: {} }
  const reader = new SchemaReader(schema, rules.writer, rules.json)
  const properties = isSchema(schema.properties) ? schema.properties : {}
  const required = Array.isArray(schema.required) ? schema.required : []
  return {
    object: readOr(rules.json.object, () => reader.read(toObjectSchema(schema), '#')),
    list: Object.entries(properties).map(([name, property]): Argument => {
      const texts = textsOf(property)
      return {
        name,
        isRequired: required.includes(name),
        json: readOr(rules.json.value, () => reader.read(property, `#/properties/${name}`)),
        ...(texts ? { text: texts } : {}),
      }
    }),
  }
}

/** Arguments are an object, also where the schema does not say so. */
function toObjectSchema(schema: Schema): Schema {
  return schema.type === undefined && schema.$ref === undefined && schema.anyOf === undefined ? { ...schema, type: 'object' } : schema
}

function readOr(fallback: Expression, read: () => Expression): Expression {
  try {
    const expression = read()
    return isNothing(expression) ? fallback : expression
  } catch (error) {
    if (isAppError(error, 'invalid_format')) return fallback
    throw error
  }
}

function textsOf(property: unknown): Argument['text'] {
  if (!isSchema(property)) return undefined
  const { enum: values } = property
  if (Array.isArray(values)) return values.every((value) => typeof value === 'string' && value !== '') ? values : undefined
  return property.type === 'string' && property.const === undefined ? 'any' : undefined
}
