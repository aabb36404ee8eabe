import { describe, expect, it } from 'vitest'
import { checkSplit, isSplit, splitFileName } from './split.ts'
import type { GgufHead } from './types.ts'

function part(options: { no?: number; count?: number; tensors: string[]; total?: number }): GgufHead {
  const metadata = new Map<string, number>()
  if (options.no !== undefined) metadata.set('split.no', options.no)
  if (options.count !== undefined) metadata.set('split.count', options.count)
  if (options.total !== undefined) metadata.set('split.tensors.count', options.total)
  const tensors = options.tensors.map((name) => ({ name, type: 'F32', shape: [1], offsetBytes: 0, sizeBytes: 4 }))
  return { version: 3, littleEndian: true, alignment: 32, metadata, tensors, parameterCount: 1, dataOffsetBytes: 0, fileSizeBytes: 0 }
}

describe('the name of a part', () => {
  it('says which of how many it is', () => {
    expect(splitFileName('folder/big-Q4-00002-of-00003.gguf')).toEqual({ prefix: 'folder/big-Q4', index: 2, count: 3 })
  })

  it.each(['big.gguf', 'big-00000-of-00003.gguf', 'big-00004-of-00003.gguf', 'big-1-of-3.gguf', 'big-00001-of-00003.gguf.part'])(
    '%s is not one',
    (name) => expect(splitFileName(name)).toBeUndefined(),
  )
})

describe('the parts of a model', () => {
  const parts = [part({ no: 0, count: 2, tensors: ['a'], total: 2 }), part({ no: 1, count: 2, tensors: ['b'], total: 2 })]

  it('are whole when their numbers and tensors add up', () => {
    expect(() => checkSplit(parts)).not.toThrow()
    expect(parts.map(isSplit)).toEqual([true, true])
    expect(isSplit(part({ tensors: ['a'] }))).toBe(false)
  })

  it.each([
    ['one is missing', parts.slice(0, 1)],
    ['they are in another order', parts.toReversed()],
    ['one is there twice', [parts[0] as GgufHead, parts[0] as GgufHead]],
    ['two have a tensor of the same name', [parts[0] as GgufHead, part({ no: 1, count: 2, tensors: ['a'], total: 2 })]],
    ['a tensor is missing', [parts[0] as GgufHead, part({ no: 1, count: 2, tensors: [], total: 2 })]],
    ['one is no part', [parts[0] as GgufHead, part({ tensors: ['b'] })]],
  ])('are refused when %s', (_, heads) => expect(() => checkSplit(heads)).toThrow(expect.objectContaining({ code: 'invalid_gguf' })))
})
