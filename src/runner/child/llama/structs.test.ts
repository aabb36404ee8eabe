import koffi from 'koffi'
import { describe, expect, it } from 'vitest'
import { findWrongField } from './structs.ts'

describe('findWrongField', () => {
  it('names the first field that is not as known', () => {
    const shifted = { nthread: 0, ftype: 43, output_tensor_type: 43 }
    expect(findWrongField('llama_model_quantize_params', shifted)).toBe('ftype is 43, not 7')
  })

  it('takes a number where a null pointer should be for a wrong layout', () => {
    expect(findWrongField('llama_model_params', { devices: 99n })).toBe('devices is 99, not null')
  })

  it('finds nothing in the known defaults', () => {
    expect(findWrongField('llama_sampler_chain_params', { no_perf: true })).toBeUndefined()
  })
})

describe('the layouts', () => {
  it.each([
    ['llama_model_params', 80],
    ['llama_context_params', 160],
    ['llama_batch', 56],
    ['llama_logit_bias', 8],
    ['llama_model_quantize_params', 64],
  ])('have the size that a C compiler gives %s on 64 bits', (struct, sizeBytes) => {
    expect(koffi.sizeof(struct)).toBe(sizeBytes)
  })
})
