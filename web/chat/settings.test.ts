import { describe, expect, it } from 'vitest'
import { NO_SETTINGS, readSettings, toThink, withNumber } from './settings.ts'

describe('what was typed into a field of numbers', () => {
  it.each([
    ['0', { temperature: 0 }],
    ['0.7', { temperature: 0.7 }],
    ['', {}],
    [' ', {}],
    ['much', {}],
    ['Infinity', {}],
  ])('%j', (typed, expected) => {
    const { temperature } = withNumber({ ...NO_SETTINGS, temperature: 2 }, 'temperature', typed)
    expect(temperature === undefined ? {} : { temperature }).toEqual(expected)
  })
})

describe('the settings of an earlier visit', () => {
  it('are there again', () => {
    const settings = { ...NO_SETTINGS, model: 'm', system: 's', seed: 3, think: 'high' as const, tools: '[]' }
    expect(readSettings(JSON.stringify(settings))).toEqual(settings)
  })

  it.each([null, '', '[', '7', 'null', '[]', '{"model": 7, "seed": "3", "think": "wild", "other": 1}'])('are not relied on: %j', (text) => {
    expect(readSettings(text)).toEqual(NO_SETTINGS)
  })
})

it('thinking that nobody chose is left to the model', () => {
  expect(toThink(NO_SETTINGS)).toBeUndefined()
  expect((['on', 'off', 'low'] as const).map((think) => toThink({ ...NO_SETTINGS, think }))).toEqual([true, false, 'low'])
})
