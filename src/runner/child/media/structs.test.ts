import koffi from 'koffi'
import { describe, expect, it } from 'vitest'
import { findWrongDefault } from './structs.ts'

describe('findWrongDefault', () => {
  it('names the first field that is not as known', () => {
    expect(findWrongDefault('mtmd_context_params', { use_gpu: true, print_timings: true, n_threads: 1 })).toBe('n_threads is 1, not 4')
  })
})

describe('the layouts', () => {
  it.each([
    ['media_model_params', 72],
    ['mtmd_context_params', 80],
    ['mtmd_input_text', 24],
    ['mtmd_decoder_pos', 16],
  ])('have the size that a C compiler gives %s on 64 bits', (struct, sizeBytes) => {
    expect(koffi.sizeof(struct)).toBe(sizeBytes)
  })
})
