import { describe, expect, it } from 'vitest'
import { formatCount, formatRelativeTime } from './format.ts'

describe('formatCount', () => {
  it.each([
    [999, '999'],
    [1500, '2K'],
    [2500, '2K'],
    [1_000_000, '1M'],
    [22_700_000, '22.70M'],
    [137_000_000, '137M'],
    [999_999_999, '1000.00M'],
    [1_000_000_000, '1B'],
    [8_030_261_248, '8.0B'],
    [70_553_706_496, '70.6B'],
  ])('prints %d as %s', (count, text) => expect(formatCount(count)).toBe(text))
})

describe('formatRelativeTime', () => {
  const second = 1000
  const minute = 60 * second
  const hour = 60 * minute
  const day = 24 * hour
  it.each([
    [0, 'Less than a second ago'],
    [1999, '1 second ago'],
    [59 * second, '59 seconds ago'],
    [minute, 'About a minute ago'],
    [119 * second, 'About a minute ago'],
    [2 * minute, '2 minutes ago'],
    [hour, 'About an hour ago'],
    [89 * minute, 'About an hour ago'],
    [90 * minute, '2 hours ago'],
    [47 * hour, '47 hours ago'],
    [2 * day, '2 days ago'],
    [13 * day, '13 days ago'],
    [14 * day, '2 weeks ago'],
    [59 * day, '8 weeks ago'],
    [60 * day, '2 months ago'],
    [729 * day, '24 months ago'],
    [730 * day, '2 years ago'],
    [-4 * minute, '4 minutes from now'],
    [-20 * 365 * day, '20 years from now'],
    [-21 * 365 * day, 'Forever'],
  ])('prints an age of %d ms as %s', (age, text) => expect(formatRelativeTime(1e12 - age, 1e12)).toBe(text))

  it('prints a time that was never set as Never', () => {
    expect(formatRelativeTime(Date.parse('0001-01-01T00:00:00Z'), 1e12)).toBe('Never')
    expect(formatRelativeTime(Number.NaN, 1e12)).toBe('Never')
  })
})
