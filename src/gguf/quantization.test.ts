import { describe, expect, it } from 'vitest'
import { findFileType, findTensorType, findTensorTypeByName, formatParameterCount, quantizationOf } from './quantization.ts'
import type { GgufHead } from './types.ts'

const headOf = (fileType: number | undefined, ...types: string[]): GgufHead => ({
  version: 3,
  littleEndian: true,
  alignment: 32,
  metadata: new Map(fileType === undefined ? [] : [['general.file_type', fileType]]),
  tensors: types.map((type, index) => ({ name: `t${index}`, type, shape: [32], offsetBytes: 0, sizeBytes: type === 'F32' ? 128 : 64 })),
  parameterCount: 32 * types.length,
  dataOffsetBytes: 0,
  fileSizeBytes: 0,
})

describe('the name of a file type', () => {
  it.each([
    [1, 'F16'],
    [2, 'Q4_0'],
    [3, 'Q4_1'],
    [7, 'Q8_0'],
    [14, 'Q4_K_S'],
    [15, 'Q4_K_M'],
    [18, 'Q6_K'],
    [31, 'IQ1_M'],
    [32, 'BF16'],
    [38, 'MXFP4_MOE'],
    [40, 'Q1_0'],
  ])('%d is %s', (fileType, name) => {
    expect(quantizationOf(headOf(fileType, 'F32'))).toBe(name)
    expect(findFileType(name)).toBe(fileType)
  })

  it.each([4, 33, 1024, -1])('is unknown for %s', (fileType) => expect(quantizationOf(headOf(fileType, 'F32'))).toBe('unknown'))

  it.each([undefined, 0])('is F32 for %s when most weights are, and unknown otherwise', (fileType) => {
    expect(quantizationOf(headOf(fileType, 'F32', 'F32'))).toBe('F32')
    expect(quantizationOf(headOf(fileType, 'F32', 'F32', 'F16'))).toBe('F32')
    expect(quantizationOf(headOf(fileType, 'F32', 'F16'))).toBe('unknown')
    expect(quantizationOf(headOf(fileType, 'F32', 'F32', 'Q4_0'))).toBe('unknown')
    expect(quantizationOf(headOf(fileType))).toBe('unknown')
  })

  it('is refused when it is no number', () => {
    const head = headOf(undefined, 'F32')
    head.metadata.set('general.file_type', 'Q4_0')
    expect(() => quantizationOf(head)).toThrow('general.file_type is string "Q4_0", not a number')
  })

  it('is known for F32 where a file is to be written', () => expect(findFileType('F32')).toBe(0))
})

describe('a tensor type', () => {
  it('has a name and the size of its blocks', () => {
    expect(findTensorType(12)).toEqual({ name: 'Q4_K', blockElements: 256, blockBytes: 144 })
    expect(findTensorTypeByName('Q4_K')).toEqual({ code: 12, name: 'Q4_K', blockElements: 256, blockBytes: 144 })
  })

  it.each([4, 5, 31, 33, 36, 38, 43, -1])('%d is not one', (code) => expect(findTensorType(code)).toBeUndefined())
})

describe('a parameter count for people', () => {
  it.each([
    [0, '0'],
    [999, '999'],
    [1000, '1K'],
    [4096, '4K'],
    [2500, '2K'],
    [3500, '4K'],
    [999_999, '1000K'],
    [1_000_000, '1M'],
    [135_000_000, '135M'],
    [134_515_008, '134.52M'],
    [999_999_999, '1000.00M'],
    [7_000_000_000, '7B'],
    [7_241_732_096, '7.2B'],
    [671_026_419_200, '671.0B'],
  ])('%d is %s', (count, text) => expect(formatParameterCount(count)).toBe(text))
})
