import { describe, expect, it } from 'vitest'
import { checkCreate, toLicenses } from './create.ts'

describe('the check of a create request', () => {
  it.each(['', '/abs', '../x', 'a/../b', './a', 'a//b'])('refuses the path %j', (path) => {
    const wrong = 'file path must be relative'
    expect(() => checkCreate({ files: { [path]: 'sha256:x' } })).toThrow(wrong)
    expect(() => checkCreate({ draft_files: { [path]: 'sha256:x' } })).toThrow(wrong)
  })

  it('takes paths that stay inside, and leaves digests to the store', () => {
    expect(() => checkCreate({ files: { 'm.gguf': 'nonsense', 'part/two.gguf': 'x' } })).not.toThrow()
  })

  it.each(['files', 'adapters', 'draft_files'])('refuses an empty digest among %s', (key) => {
    expect(() => checkCreate({ [key]: { a: '' } })).toThrow('invalid digest format')
  })

  it('refuses to quantize a draft that is not there', () => {
    expect(() => checkCreate({ draft_quantize: 'Q8_0' })).toThrow('--draft-quantize requires a DRAFT model')
    expect(() => checkCreate({ draft_quantize: 'Q8_0', draft_files: { d: 'sha256:x' } })).not.toThrow()
  })
})

describe('licenses', () => {
  it('are one text, several or none', () => {
    expect(toLicenses('MIT')).toEqual(['MIT'])
    expect(toLicenses(['A', 'B'])).toEqual(['A', 'B'])
    expect(toLicenses('')).toBeUndefined()
    expect(toLicenses(undefined)).toBeUndefined()
    expect(toLicenses([null, 'A'])).toEqual(['A'])
  })

  it('are nothing else', () => {
    expect(() => toLicenses(5)).toThrow('json: cannot unmarshal number into Go value of type []string')
    expect(() => toLicenses({})).toThrow('json: cannot unmarshal object into Go value of type []string')
    expect(() => toLicenses(['A', 1])).toThrow('json: cannot unmarshal number into Go value of type string')
  })
})
