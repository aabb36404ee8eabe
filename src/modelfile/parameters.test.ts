import { describe, expect, it } from 'vitest'
import { parseParameter, readParameters } from './parameters.ts'
import { parseModelfile } from './parse.ts'

describe('parameters', () => {
  it('types each by its option and collects stop', () => {
    const text =
      'FROM m\nPARAMETER num_ctx 4096\nPARAMETER temperature 0.7\nPARAMETER use_mmap F\nPARAMETER stop a\nPARAMETER stop "b "\nPARAMETER num_ctx 8'
    expect(readParameters(parseModelfile(text)).values).toEqual({ num_ctx: 8, temperature: 0.7, use_mmap: false, stop: ['a', 'b '] })
  })

  it('leaves out deprecated ones and names them', () => {
    const text = 'FROM m\nPARAMETER mirostat 1\nPARAMETER seed -3'
    expect(readParameters(parseModelfile(text))).toEqual({ values: { seed: -3 }, deprecated: ['mirostat'] })
  })

  it.each([
    ['seed', '+9223372036854775807', 2 ** 63],
    ['seed', '-9223372036854775808', -(2 ** 63)],
    ['top_p', '1e-2', 0.01],
    ['top_p', '.5', 0.5],
    ['top_p', '3.4e38', 3.4e38],
    ['use_mmap', 'T', true],
  ])('accepts %s %s', (name, text, value) => expect(parseParameter(name, [text])).toBe(value))

  it.each([
    ['foo', 'x', "unknown parameter 'foo'"],
    ['toString', 'x', "unknown parameter 'toString'"],
    ['num_ctx', 'abc', 'invalid int value [abc]'],
    ['num_ctx', '1e3', 'invalid int value [1e3]'],
    ['num_ctx', '1.5', 'invalid int value [1.5]'],
    ['num_ctx', '', 'invalid int value []'],
    ['num_ctx', '9223372036854775808', 'invalid int value [9223372036854775808]'],
    ['temperature', 'abc', 'invalid float value [abc]'],
    ['temperature', '1e39', 'invalid float value [1e39]'],
    ['temperature', '0x1', 'invalid float value [0x1]'],
    ['use_mmap', 'maybe', 'invalid bool value [maybe]'],
    ['use_mmap', 'tRUE', 'invalid bool value [tRUE]'],
  ])('refuses %s %s', (name, text, message) => {
    expect(() => parseParameter(name, [text])).toThrow(expect.objectContaining({ code: 'invalid_modelfile', message }))
  })

  it('gives stop all of its texts', () => expect(parseParameter('stop', ['a', 'b'])).toEqual(['a', 'b']))
})
