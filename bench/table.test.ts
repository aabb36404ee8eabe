import { describe, expect, it } from 'vitest'
import type { Target } from './client.ts'
import type { Sameness } from './same-text.ts'
import type { Scenario } from './scenario.ts'
import { toRow } from './table.ts'

const scenario: Scenario = { name: 'some', unit: 'ms', about: '', bar: { own: 30, ollama: 2, llamaServer: 1 }, measure: async () => 0 }
const ollama: Target = { name: 'Ollama', url: 'http://localhost', model: 'm', kind: 'native', mayCopy: false }
const NOTHING = { engine: undefined, missing: [], promptTokens: undefined, again: 0, texts: [] }

describe('toRow', () => {
  it('has a ratio above 1 where this server takes less time', () => {
    expect(toRow(scenario, { ...NOTHING, servers: [20, 60] }, ollama, undefined)).toBe(
      '| some | ms | 20.0 | 60.0 | 3.00 | <= 30 ms; ratio >= 2 | met |',
    )
  })

  it('has a ratio above 1 where this server does more in the same time', () => {
    const more: Scenario = { ...scenario, unit: 'tokens/s', bar: { ollama: 1.5 } }
    expect(toRow(more, { ...NOTHING, servers: [150, 100] }, ollama, undefined)).toBe(
      '| some | tokens/s | 150.0 | 100.0 | 1.50 | ratio >= 1.5 | met |',
    )
  })

  it('names the bars that are missed, and only those', () => {
    expect(toRow(scenario, { ...NOTHING, servers: [31, 93] }, ollama, undefined)).toContain('| missed: <= 30 ms |')
    expect(toRow(scenario, { ...NOTHING, servers: [30, 59] }, ollama, undefined)).toContain('| missed: ratio >= 2 |')
  })

  it('takes the bar of the server that is compared with', () => {
    expect(toRow(scenario, { ...NOTHING, servers: [20, 21] }, { ...ollama, kind: 'llama-server' }, undefined)).toContain(
      'ratio >= 1 | met |',
    )
  })

  it('says neither met nor missed of a figure that is not there', () => {
    const row = toRow(scenario, { ...NOTHING, servers: [undefined, undefined], missing: ['Ollama needs --start'] }, ollama, undefined)
    expect(row).toBe('| some | ms | - | - | - | <= 30 ms; ratio >= 2 | Ollama needs --start |')
  })

  it('says in how many rounds the texts were the same, and how far that was compared', () => {
    const noteOf = (...texts: Sameness[]) => toRow({ ...scenario, bar: {} }, { ...NOTHING, servers: [20, 60], texts }, ollama, undefined)
    const equal: Sameness = { kind: 'equal' }
    expect(noteOf(equal, equal)).toContain('| same text in 2 of 2 |')
    expect(noteOf(equal, { kind: 'nearly even', lead: 0.1 })).toContain(
      '| same text in 2 of 2 (1 of them up to a token that was nearly even) |',
    )
    expect(noteOf({ kind: 'different', lead: 1.234 }, { kind: 'different', lead: undefined })).toContain(
      '| same text in 0 of 2, 2 parted at a lead of 1.23, an unknown lead |',
    )
  })

  it('says how long the prompts were, and that rounds were asked again', () => {
    const row = toRow({ ...scenario, bar: {} }, { ...NOTHING, servers: [20, 60], promptTokens: 48.25, again: 2 }, ollama, undefined)
    expect(row).toContain('| prompts of 48.3 tokens in the mean; asked again 2 times, since a reply ended early |')
  })
})
