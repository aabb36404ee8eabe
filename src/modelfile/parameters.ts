// PARAMETER lines as typed options. The texts of a parameter become what its option's type says; `stop` collects; options that Ollama
// dropped long ago are named in `deprecated` and left out, so that old Modelfiles still build.

import { AppError } from '../base/errors.ts'
import { isOptionName, OPTION_TYPES } from '../model/options.ts'
import type { Modelfile } from './modelfile.ts'

export type ParameterValue = number | boolean | string[]

export interface Parameters {
  values: Record<string, ParameterValue>
  /** In the order of the file, one per line. */
  deprecated: string[]
}

const DEPRECATED: readonly string[] = [
  'penalize_newline',
  'low_vram',
  'f16_kv',
  'logits_all',
  'vocab_only',
  'use_mlock',
  'mirostat',
  'mirostat_tau',
  'mirostat_eta',
]
const BOOLEANS: Readonly<Record<string, boolean>> = {
  ...Object.fromEntries(['1', 't', 'T', 'TRUE', 'true', 'True'].map((text) => [text, true])),
  ...Object.fromEntries(['0', 'f', 'F', 'FALSE', 'false', 'False'].map((text) => [text, false])),
}
const INTEGER = /^[+-]?\d+$/
const FLOAT = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/
const LARGEST_INTEGER = 2n ** 63n - 1n

/** Throws `invalid_modelfile`. */
export function readParameters(modelfile: Modelfile): Parameters {
  const values: Record<string, ParameterValue> = {}
  const deprecated: string[] = []
  for (const command of modelfile.commands) {
    if (command.name !== 'parameter') continue
    const { parameter, value } = command
    if (DEPRECATED.includes(parameter)) {
      deprecated.push(parameter)
      continue
    }
    const parsed = parseParameter(parameter, [value])
    const earlier = values[parameter]
    values[parameter] = Array.isArray(parsed) && Array.isArray(earlier) ? [...earlier, ...parsed] : parsed
  }
  return { values, deprecated }
}

/** One option from its texts; all but `stop` take the first. Throws `invalid_modelfile` in Ollama's words. */
export function parseParameter(name: string, texts: readonly string[]): ParameterValue {
  if (!isOptionName(name)) throw invalid(`unknown parameter '${name}'`)
  const text = texts[0] ?? ''
  switch (OPTION_TYPES[name]) {
    case 'integer':
      return parseInteger(text, texts)
    case 'float32':
      return parseFloat32(text, texts)
    case 'boolean':
      return parseBoolean(text, texts)
    case 'array':
      return [...texts]
  }
}

function parseInteger(text: string, texts: readonly string[]): number {
  if (!INTEGER.test(text) || text.length > 40) throw invalid(`invalid int value [${texts.join(' ')}]`)
  const value = BigInt(text.replace(/^\+/, ''))
  if (value > LARGEST_INTEGER || value < -LARGEST_INTEGER - 1n) throw invalid(`invalid int value [${texts.join(' ')}]`)
  return Number(value)
}

function parseFloat32(text: string, texts: readonly string[]): number {
  const value = FLOAT.test(text) ? Number(text) : Number.NaN
  if (!Number.isFinite(Math.fround(value))) throw invalid(`invalid float value [${texts.join(' ')}]`)
  return value
}

function parseBoolean(text: string, texts: readonly string[]): boolean {
  const value = Object.hasOwn(BOOLEANS, text) ? BOOLEANS[text] : undefined
  if (value === undefined) throw invalid(`invalid bool value [${texts.join(' ')}]`)
  return value
}

function invalid(message: string): AppError {
  return new AppError('invalid_modelfile', message)
}
