import { describe, expect, it } from 'vitest'
import { fullName, parseModelName } from '../model/name.ts'
import { spellLikeExisting } from './spelling.ts'

const spell = (name: string, ...existing: string[]) => fullName(spellLikeExisting(parseModelName(name), existing.map(parseModelName)))

describe('the spelling of a new name', () => {
  it('is its own where there is nothing like it', () => expect(spell('Ns/M:T', 'other')).toBe('registry.ollama.ai/Ns/M:T'))

  it('is that of the same model', () => expect(spell('NS/m:t', 'ns/M:T', 'x/m:t')).toBe('registry.ollama.ai/ns/M:T'))

  it('is the one asked for where two models differ only in case', () =>
    expect(spell('m:T', 'm:t', 'm:T')).toBe('registry.ollama.ai/library/m:T'))

  it('is taken part by part from any model', () =>
    expect(spell('LLAMA:7B', 'llama:13b', 'other:7b')).toBe('registry.ollama.ai/library/llama:7b'))

  it('keeps a part that some model spells like it', () => expect(spell('a:Q4', 'b:q4', 'c:Q4')).toBe('registry.ollama.ai/library/a:Q4'))
})
