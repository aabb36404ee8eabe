// The options of a request or a Modelfile: names, types and defaults of contract/native.md section 3. Merge order: defaults < model < request.

import { AppError } from '../base/errors.ts'

export interface ModelOptions {
  /** Tokens per sequence; 0 = not set by anyone, the scheduler decides. */
  num_ctx: number
  /** Tokens evaluated at once; 0 = automatic. */
  num_batch: number
  /** Layers on a GPU; -1 = automatic. */
  num_gpu: number
  main_gpu: number | undefined
  use_mmap: boolean | undefined
  /** 0 = automatic. */
  num_thread: number
  draft_num_predict: number
  num_keep: number
  /** -1 = random. */
  seed: number
  /** -1 = until the model ends. */
  num_predict: number
  top_k: number
  top_p: number
  min_p: number
  typical_p: number
  repeat_last_n: number
  temperature: number
  repeat_penalty: number
  presence_penalty: number
  frequency_penalty: number
  stop: string[]
}

type OptionType = 'integer' | 'float32' | 'boolean' | 'array'

export const OPTION_TYPES: Readonly<Record<keyof ModelOptions, OptionType>> = {
  num_ctx: 'integer',
  num_batch: 'integer',
  num_gpu: 'integer',
  main_gpu: 'integer',
  use_mmap: 'boolean',
  num_thread: 'integer',
  draft_num_predict: 'integer',
  num_keep: 'integer',
  seed: 'integer',
  num_predict: 'integer',
  top_k: 'integer',
  top_p: 'float32',
  min_p: 'float32',
  typical_p: 'float32',
  repeat_last_n: 'integer',
  temperature: 'float32',
  repeat_penalty: 'float32',
  presence_penalty: 'float32',
  frequency_penalty: 'float32',
  stop: 'array',
}

export const DEFAULT_OPTIONS: Readonly<ModelOptions> = {
  num_ctx: 0,
  num_batch: 0,
  num_gpu: -1,
  main_gpu: undefined,
  use_mmap: undefined,
  num_thread: 0,
  draft_num_predict: 4,
  num_keep: 4,
  seed: -1,
  num_predict: -1,
  top_k: 40,
  top_p: 0.9,
  min_p: 0,
  typical_p: 1,
  repeat_last_n: 64,
  temperature: 0.8,
  repeat_penalty: 1,
  presence_penalty: 0,
  frequency_penalty: 0,
  stop: [],
}

export interface MergedOptions {
  options: ModelOptions
  /** Keys that are no options; the caller logs them and goes on, as Ollama does. */
  unknown: string[]
}

/** Throws `invalid_option` in Ollama's words. `null` values are skipped, fractions of integers are cut. */
export function mergeOptions(...layers: (Readonly<Record<string, unknown>> | undefined)[]): MergedOptions {
  const options: ModelOptions = { ...DEFAULT_OPTIONS, stop: [] }
  const unknown: string[] = []
  for (const layer of layers) {
    for (const [key, value] of Object.entries(layer ?? {})) {
      if (!isOptionName(key)) unknown.push(key)
      else if (value !== null && value !== undefined) Object.assign(options, { [key]: toOptionValue(key, value) })
    }
  }
  return { options, unknown }
}

/** Whether Ollama has an option of that name. */
export function isOptionName(key: string): key is keyof ModelOptions {
  return Object.hasOwn(OPTION_TYPES, key)
}

function toOptionValue(key: keyof ModelOptions, value: unknown): number | boolean | string[] {
  const type = OPTION_TYPES[key]
  switch (type) {
    case 'integer':
      if (typeof value === 'number') return Math.trunc(value)
      break
    case 'float32':
      if (typeof value === 'number') return value
      break
    case 'boolean':
      if (typeof value === 'boolean') return value
      break
    case 'array':
      if (!Array.isArray(value)) break
      if (value.every((item): item is string => typeof item === 'string')) return value
      throw wrongType(key, 'an array of strings')
  }
  throw wrongType(key, type)
}

function wrongType(key: string, type: string): AppError {
  return new AppError('invalid_option', `option ${JSON.stringify(key)} must be of ${type.startsWith('an ') ? type : `type ${type}`}`, {
    details: { param: key },
  })
}
