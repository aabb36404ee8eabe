import { describe, expect, test } from 'vitest'
import { formatTime } from './strftime.ts'

describe('formatTime', () => {
  const at = new Date(2024, 1, 5, 15, 4, 9).getTime()

  test.each([
    ['%Y-%m-%d %H:%M:%S', '2024-02-05 15:04:09'],
    ['%d %b %Y', '05 Feb 2024'],
    ['%A, %B %-d, %y', 'Monday, February 5, 24'],
    ['%a %e %I:%M %p %j', 'Mon  5 03:04 PM 036'],
    ['%F %T %%', '2024-02-05 15:04:09 %'],
    ['%Q and %', '%Q and %'],
  ])('%s', (format, expected) => {
    expect(formatTime(at, format)).toBe(expected)
  })

  test('writes midnight as twelve', () => {
    expect(formatTime(new Date(2024, 0, 1).getTime(), '%I %p %-H')).toBe('12 AM 0')
  })
})
