import { expect, it } from 'vitest'
import { formatSize } from './size-label.ts'

it.each([
  [8_030_261_248, '8.0B'],
  [134_515_008, '135M'],
  [1_543_714_304, '1.5B'],
  [22_713_728, '23M'],
  [350_000, '350K'],
  [999_600_000, '1000M'],
  [70_553_706_496, '71B'],
])('%d parameters are %s', (count, label) => {
  expect(formatSize([{ shape: [count, 1] }])).toBe(label)
})
