import { describe, expect, it } from 'vitest'
import { splitAtMarks } from './prompt-marks.ts'

describe('splitAtMarks', () => {
  it('cuts the prompt at each mark', () => {
    expect(splitAtMarks('a[img-0] b [img-1]c', 2)).toEqual(['a', 0, ' b ', 1, 'c'])
  })

  it('gives no empty texts', () => {
    expect(splitAtMarks('[img-0][img-1]', 2)).toEqual([0, 1])
    expect(splitAtMarks('', 1)).toEqual([])
  })

  it('leaves a mark without a medium in the text', () => {
    expect(splitAtMarks('see [img-2] and [img-1] and [img-9999999]', 2)).toEqual(['see [img-2] and ', 1, ' and [img-9999999]'])
    expect(splitAtMarks('see [img-0]', 0)).toEqual(['see [img-0]'])
  })

  it('shows each medium once, where it is named first', () => {
    expect(splitAtMarks('[img-1] [img-0] [img-1]', 2)).toEqual([1, ' ', 0, ' [img-1]'])
  })

  it('leaves what only looks like a mark', () => {
    expect(splitAtMarks('[img-] [img-a] [img -0] [IMG-0] img-0', 1)).toEqual(['[img-] [img-a] [img -0] [IMG-0] img-0'])
  })
})
