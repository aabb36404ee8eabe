// A prompt's tokens are those that the engine gives for the whole text, however it was cut into segments and whatever of them was there before: made-up
// talks in the marks of real vocabularies, with what could go wrong at a cut.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bindApi } from '../../src/runner/child/llama/api.ts'
import { loadLibrary } from '../../src/runner/child/llama/library.ts'
import { readSegmentMarks } from '../../src/runner/child/llama/segment-marks.ts'
import { Vocabulary } from '../../src/runner/child/llama/vocabulary.ts'
import { SegmentMemo } from '../../src/runner/child/segment-memo.ts'
import { findGemma } from '../support/gemma.ts'

const RUNS = 300
const MODELS = [
  {
    name: 'SmolLM2',
    find: async () => process.env.LLAMERO_TEST_GGUF,
    marks: ['<|endoftext|>', '<|im_end|>'],
    others: ['<|im_start|>', '<|im_', 'end|>'],
  },
  {
    name: 'Gemma 3',
    find: gemmaPath,
    marks: ['<eos>', '<end_of_turn>'],
    others: ['<start_of_turn>', '<bos>', '<end_of', '_turn>', '<table>', '<unused7>'],
  },
]
const PIECES = [
  '\n',
  '\n\n',
  ' ',
  '   ',
  '\t',
  'a',
  'user',
  ' model',
  'Why is the sky blue?',
  '<',
  '>',
  '|',
  "'s",
  '42',
  'é',
  '雪',
  '🦙',
  '\ud800',
  '​',
]

describe.each(MODELS)('a prompt for $name', ({ find, marks, others }) => {
  it('has the same tokens in segments as at once', async ({ skip }) => {
    const file = await find()
    if (file === undefined) return skip('the model is not to be had')
    const api = bindApi(await loadLibrary({ gpu: false }))
    const model = api.modelLoadFromFile(file, { ...api.modelDefaultParams(), vocab_only: true })
    if (model === null) throw new Error('the model does not load')
    const vocabulary = new Vocabulary(api, api.modelGetVocab(model))
    const found = readSegmentMarks(api, model)
    expect([...(found ?? [])].sort()).toEqual([...marks].sort())
    let asked = 0
    const memo = new SegmentMemo({
      tokenize: (text, options) => {
        asked++
        return vocabulary.tokenize(text, options)
      },
      readMarks: () => found,
    })
    const piece = fc.oneof(
      { weight: 2, arbitrary: fc.constantFrom(...marks) },
      fc.constantFrom(...PIECES, ...others),
      fc.string({ unit: 'grapheme' }),
    )
    const text = fc.array(piece, { minLength: 60, maxLength: 300 }).map((pieces) => pieces.join(''))
    let cut = 0
    fc.assert(
      fc.property(text, fc.boolean(), (prompt, addSpecial) => {
        const options = { addSpecial, parseSpecial: true }
        const whole = vocabulary.tokenize(prompt, options)
        asked = 0
        expect(memo.tokenize(prompt, options)).toEqual(whole)
        if (asked > 1) cut++
        asked = 0
        expect(memo.tokenize(prompt, options)).toEqual(whole)
        // What comes first is asked for all the same.
        expect(prompt.length < 256 || asked === (addSpecial ? 1 : 0)).toBe(true)
      }),
      { numRuns: RUNS },
    )
    expect(cut).toBeGreaterThan(RUNS / 2)
    api.modelFree(model)
  })
})

async function gemmaPath(): Promise<string | undefined> {
  const found = await findGemma()
  return 'file' in found ? found.file : undefined
}
