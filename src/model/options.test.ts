import { describe, expect, it } from 'vitest'
import { DEFAULT_OPTIONS, mergeOptions } from './options.ts'

describe('options', () => {
  it('are the defaults where nobody sets them', () => expect(mergeOptions(undefined).options).toEqual(DEFAULT_OPTIONS))

  it('take the last layer that sets a key, and replace stop whole', () => {
    const { options } = mergeOptions({ temperature: 0.1, stop: ['a'], top_k: 5 }, { temperature: 0, stop: ['b', 'c'] })
    expect(options).toMatchObject({ temperature: 0, stop: ['b', 'c'], top_k: 5 })
  })

  it('cut the fraction of integers and skip null', () => {
    expect(mergeOptions({ seed: 1.9, num_predict: -1.9, top_k: null }).options).toMatchObject({ seed: 1, num_predict: -1, top_k: 40 })
  })

  it('report unknown keys and go on', () => expect(mergeOptions({ mirostat: 1, seed: 3 }).unknown).toEqual(['mirostat']))

  it('do not take keys of the prototype for options', () =>
    expect(mergeOptions(JSON.parse('{"__proto__": 1, "constructor": 2}')).unknown).toEqual(['__proto__', 'constructor']))

  it.each([
    [{ seed: '1' }, 'option "seed" must be of type integer'],
    [{ temperature: true }, 'option "temperature" must be of type float32'],
    [{ use_mmap: 1 }, 'option "use_mmap" must be of type boolean'],
    [{ stop: 'x' }, 'option "stop" must be of type array'],
    [{ stop: [1] }, 'option "stop" must be of an array of strings'],
  ])('refuse %j', (layer, message) => expect(() => mergeOptions(layer)).toThrow(message))
})
