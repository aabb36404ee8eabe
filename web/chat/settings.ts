// What a talk is led with. What is not set is left to the model and to the server, so that their defaults stay in force.

import type { ToolBody } from '../../src/api/message.ts'
import { Failure } from '../api/failure.ts'

export const THINK_CHOICES = ['default', 'on', 'off', 'low', 'medium', 'high'] as const
export type ThinkChoice = (typeof THINK_CHOICES)[number]

export interface TalkSettings {
  model: string
  system: string
  temperature?: number
  contextTokens?: number
  maxTokens?: number
  seed?: number
  think: ThinkChoice
  /** JSON, as the user has typed it. */
  tools: string
}

/** Those that are numbers, with the names that the API has for them. */
export const NUMBER_SETTINGS = {
  temperature: { label: 'Temperature', option: 'temperature', step: 0.1, min: 0, hint: '0 always says the likeliest' },
  contextTokens: { label: 'Context', option: 'num_ctx', step: 1, min: 1, hint: 'in tokens; another length may load the model again' },
  maxTokens: { label: 'Longest reply', option: 'num_predict', step: 1, min: -1, hint: 'in tokens; unset: until the model ends' },
  seed: { label: 'Seed', option: 'seed', step: 1, min: undefined, hint: 'the same seed, the same reply' },
} as const
export type NumberSetting = keyof typeof NUMBER_SETTINGS

export const NO_SETTINGS: TalkSettings = { model: '', system: '', think: 'default', tools: '' }

export function toOptions(settings: TalkSettings): Record<string, number> {
  const names = Object.keys(NUMBER_SETTINGS) as NumberSetting[]
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = settings[name]
      return value === undefined ? [] : [[NUMBER_SETTINGS[name].option, value]]
    }),
  )
}

export function toThink({ think }: TalkSettings): boolean | 'low' | 'medium' | 'high' | undefined {
  if (think === 'default') return undefined
  return think === 'on' ? true : think === 'off' ? false : think
}

/** Throws `Failure`: what the server would make of it is the server's to say, but it must be JSON to get there. */
export function parseTools(text: string): ToolBody[] {
  if (text.trim() === '') return []
  let tools: unknown
  try {
    tools = JSON.parse(text)
  } catch (cause) {
    throw new Failure('refused', `the tools are no JSON: ${cause instanceof Error ? cause.message : cause}`, cause)
  }
  return (Array.isArray(tools) ? tools : [tools]) as ToolBody[]
}

/** The setting with what was typed into its field; an empty one is not set. */
export function withNumber(settings: TalkSettings, name: NumberSetting, typed: string): TalkSettings {
  const { [name]: _, ...others } = settings
  const value = Number(typed)
  return typed.trim() === '' || !Number.isFinite(value) ? others : { ...others, [name]: value }
}

/** What an earlier visit has left; nothing in it is relied on. */
export function readSettings(text: string | null): TalkSettings {
  const kept = parseRecord(text)
  let settings = NO_SETTINGS
  for (const name of ['model', 'system', 'tools'] as const) {
    const value = kept[name]
    if (typeof value === 'string') settings = { ...settings, [name]: value }
  }
  for (const name of Object.keys(NUMBER_SETTINGS) as NumberSetting[]) {
    const value = kept[name]
    if (typeof value === 'number') settings = withNumber(settings, name, String(value))
  }
  const think = THINK_CHOICES.find((choice) => choice === kept.think)
  return think ? { ...settings, think } : settings
}

function parseRecord(text: string | null): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text ?? '{}')
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch (error) {
    if (error instanceof SyntaxError) return {}
    throw error
  }
}
