import { expect, it } from 'vitest'
import { Fields } from '../fields.ts'
import { Metadata } from '../metadata.ts'
import { createModelFiles } from '../model-files.ts'
import { LLAMA } from './llama.ts'

function generate(config: Record<string, unknown>) {
  const model = { files: createModelFiles(new Map()), name: 'LlamaForCausalLM', config: new Fields('config.json', config) }
  return LLAMA.generate?.(model, new Metadata('llama')) ?? []
}

const SIZES = { hidden_size: 64, num_attention_heads: 4, rope_theta: 500_000 }

it("slows the low frequencies of Llama 3.1 down as llama.cpp's converter does", () => {
  const scaling = { rope_type: 'llama3', factor: 8, high_freq_factor: 4, low_freq_factor: 1, original_max_position_embeddings: 256 }
  const [factors] = generate({ ...SIZES, rope_scaling: scaling })
  expect(factors?.name).toBe('rope_freqs.weight')
  // The converter's, of the same configuration.
  const expected = [1, 1, 3.5685336589813232, 8, 8, 8, 8, 8]
  expect(factors?.values).toHaveLength(expected.length)
  for (const [index, value] of expected.entries()) expect(factors?.values[index]).toBeCloseTo(value, 5)
})

it('has no factors without such a scaling', () => {
  expect(generate(SIZES)).toEqual([])
  expect(generate({ ...SIZES, rope_scaling: { rope_type: 'linear', factor: 2 } })).toEqual([])
})
