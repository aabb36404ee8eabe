import { describe, expect, it } from 'vitest'
import type { GgufHead, GgufValue } from '../gguf/types.ts'
import { parseConfigBlob } from '../model/config-blob.ts'
import { type CapabilityFacts, deriveCapabilities } from './capabilities.ts'

const NOTHING = { tools: false, thinking: false, insert: false }

function head(metadata: Record<string, GgufValue>): GgufHead {
  return { metadata: new Map(Object.entries(metadata)) } as GgufHead
}

function derive(config: Record<string, unknown>, facts: Partial<CapabilityFacts> = {}) {
  return deriveCapabilities({
    config: parseConfigBlob(JSON.stringify({ model_format: 'gguf', ...config })),
    projectors: [],
    parser: { tools: false, thinking: false },
    template: { kind: 'jinja', capabilities: NOTHING },
    head: head({ 'general.architecture': 'x' }),
    ...facts,
  })
}

describe('capabilities', () => {
  it('come in the order in which they are found, each once', () => {
    const all = { tools: true, thinking: true, insert: false }
    expect(derive({ capabilities: ['tools', 'nonsense'] }, { template: { kind: 'jinja', capabilities: all } })).toEqual([
      'tools',
      'thinking',
      'completion',
    ])
    expect(derive({}, { template: { kind: 'go', capabilities: { ...all, insert: true } } })).toEqual([
      'completion',
      'tools',
      'insert',
      'thinking',
    ])
  })

  it('follow from the file', () => {
    expect(derive({}, { head: head({ 'general.architecture': 'x', 'x.pooling_type': 0 }) })).toEqual(['embedding'])
    const seeing = { 'general.architecture': 'x', 'x.vision.block_count': 2, 'x.audio.block_count': 2 }
    expect(derive({}, { head: head(seeing) })).toEqual(['completion', 'vision', 'audio'])
  })

  it('follow from projectors', () => {
    const clip = { 'general.architecture': 'clip' }
    expect(derive({}, { projectors: [head(clip)] })).toEqual(['completion', 'vision'])
    expect(derive({}, { projectors: [head({ ...clip, 'clip.has_audio_encoder': true })] })).toEqual(['completion', 'vision', 'audio'])
    const deaf = { ...clip, 'clip.has_audio_encoder': true, 'clip.vision.projector_type': 'gemma3nv' }
    expect(derive({}, { projectors: [head(deaf)] })).toEqual(['completion', 'vision'])
  })

  it('follow from the parser and from the family', () => {
    expect(derive({ parser: 'p' }, { parser: { tools: true, thinking: true } })).toEqual(['completion', 'tools', 'thinking'])
    expect(derive({ model_family: 'gptoss' })).toEqual(['completion', 'thinking'])
  })

  it('leave out what Ollama leaves out', () => {
    const hearing = head({ 'general.architecture': 'nemotron_h_omni', 'nemotron_h_omni.audio.block_count': 1 })
    expect(derive({}, { head: hearing })).toEqual(['completion'])
    const config = { model_format: 'safetensors', renderer: 'gemma4', capabilities: ['completion', 'vision', 'audio'] }
    expect(derive(config)).toEqual(['completion'])
  })
})
