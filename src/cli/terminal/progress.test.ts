import { describe, expect, it } from 'vitest'
import { createTestClock, createTestOutput } from '../testing/fakes.ts'
import { createProgressDisplay } from './progress.ts'
import { advanceBar, createProgressBar, formatBar } from './progress-bar.ts'

describe('formatBar', () => {
  it('shows sizes, rate and remaining time while bytes arrive', () => {
    const bar = createProgressBar('pulling dde5aa3fc5ff:', 2_019_377_376, 0, 0)
    advanceBar(bar, 50_000_000, 1000)
    advanceBar(bar, 150_000_000, 3001)
    expect(formatBar(bar, 100)).toBe(`pulling dde5aa3fc5ff:   7% ▕██${' '.repeat(36)}▏ 150 MB/2.0 GB   50 MB/s     37s`)
  })

  it('leaves the figures blank when it is full', () => {
    const bar = createProgressBar('pulling dde5aa3fc5ff:', 2_019_377_376, 2_019_377_376, 0)
    expect(formatBar(bar, 80)).toBe(`pulling dde5aa3fc5ff: 100% ▕${'█'.repeat(18)}▏ 2.0 GB${' '.repeat(25)}`)
  })

  it('shows no rate before the first second', () => {
    const bar = createProgressBar('x', 1000, 10, 0)
    advanceBar(bar, 20, 100)
    expect(formatBar(bar, 43)).toBe(`x   2% ▕ ▏   20 B/  1 KB${' '.repeat(18)}`)
  })

  it.each([
    [63, 'pulling dde5aa3fc5ff:   7% ▕ ▏ 150 MB/2.0 GB   50 MB/s     37s'],
    [62, 'pulling dde5aa3fc5ff:   7% 150 MB/2.0 GB 50 MB/s 37s'],
    [52, 'pulling dde5aa3fc5ff:   7% 150 MB/2.0 GB 37s'],
    [44, 'pulling dde5aa3fc5ff:   7% 150 MB/2.0 GB'],
    [40, 'pulling dde5aa3fc5ff:   7%'],
    [27, 'pulling dde5aa3fc5ff:   7%'],
    [20, 'pulling dde5aa3fc5…'],
    [1, ''],
  ])('stays narrower than %d columns', (columns, line) => {
    const bar = createProgressBar('pulling dde5aa3fc5ff:', 2_019_377_376, 0, 0)
    advanceBar(bar, 50_000_000, 1000)
    advanceBar(bar, 150_000_000, 3001)
    expect(formatBar(bar, columns)).toBe(line)
  })

  it('never goes beyond the total, and a total of nothing is full', () => {
    const bar = createProgressBar('x', 10, 0, 0)
    advanceBar(bar, 20, 100)
    expect(bar.currentBytes).toBe(10)
    expect(formatBar(createProgressBar('x', 0, 0, 0), 80)).toContain('0%')
  })

  it.each([
    [1e9, '99h+'],
    [5_000_000, '1h23m'],
    [59_000, '59s'],
    [236_000, '3m56s'],
  ])('prints the remaining time for %d bytes at 1 KB/s as %s', (remaining, text) => {
    const bar = createProgressBar('x', remaining + 1000, 0, 0)
    advanceBar(bar, 1000, 1000)
    expect(formatBar(bar, 80).endsWith(text)).toBe(true)
  })
})

describe('the progress display', () => {
  it('draws frames on a terminal and leaves them when it stops', () => {
    const clock = createTestClock()
    const output = createTestOutput({ isTTY: true, columns: 60, rows: 10 })
    const display = createProgressDisplay(output, clock)
    display.status('pulling manifest')
    clock.advance(100)
    expect(output.text).toBe('\x1b[?2026h\x1b[?25l\x1b[1Gpulling manifest ⠙ \x1b[K\x1b[?25h\x1b[?2026l')
    output.reset()
    display.status('success')
    display.stop()
    expect(output.text).toBe('\x1b[?2026h\x1b[?25l\x1b[1Gpulling manifest \x1b[K\nsuccess \x1b[K\x1b[?25h\x1b[?2026l\n')
    output.reset()
    clock.advance(1000)
    display.stop()
    expect(output.text).toBe('')
  })

  it('cuts a line that the terminal would break, and shows it whole at the end', () => {
    const clock = createTestClock()
    const output = createTestOutput({ isTTY: true, columns: 20, rows: 10 })
    const display = createProgressDisplay(output, clock)
    display.status('using existing layer sha256:abc')
    clock.advance(100)
    expect(output.text).toContain('\x1b[1Gusing existing l… ⠙ \x1b[K')
    display.stop()
    expect(output.text).toContain('\x1b[1Gusing existing layer sha256:abc \x1b[K')
  })

  it('draws over what a terminal that became narrower has broken', () => {
    const clock = createTestClock()
    const shape = { isTTY: true, columns: 40, rows: 10 }
    const written = createTestOutput()
    const display = createProgressDisplay(
      {
        ...shape,
        write: written.write,
        get columns() {
          return shape.columns
        },
      },
      clock,
    )
    display.status('gathering model components')
    display.status('second')
    clock.advance(100)
    shape.columns = 12
    written.reset()
    clock.advance(100)
    expect(written.text).toBe('\x1b[?2026h\x1b[?25l\x1b[A\x1b[A\x1b[A\x1b[1G\x1b[Jgatherin… \x1b[K\nsecond ⠹ \x1b[K\x1b[?25h\x1b[?2026l')
  })

  it('draws the last lines only when there are more than the terminal has', () => {
    const clock = createTestClock()
    const output = createTestOutput({ isTTY: true, columns: 60, rows: 2 })
    const display = createProgressDisplay(output, clock)
    for (const text of ['one', 'two', 'three']) display.status(text)
    display.stop()
    expect(output.text).not.toContain('one')
    expect(output.text).toContain('two \x1b[K\nthree \x1b[K')
  })

  it('takes its lines off the screen when it is cleared', () => {
    const clock = createTestClock()
    const output = createTestOutput({ isTTY: true, columns: 60, rows: 10 })
    const display = createProgressDisplay(output, clock)
    display.status('one')
    display.status('two')
    clock.advance(100)
    output.reset()
    display.clear()
    expect(output.text).toBe('\x1b[?25l\x1b[2K\x1b[1G\x1b[A\x1b[2K\x1b[1G\x1b[?25h')
  })

  it('writes nothing at all when it is cleared before the first frame', () => {
    const output = createTestOutput({ isTTY: true })
    const display = createProgressDisplay(output, createTestClock())
    display.status('')
    display.clear()
    expect(output.text).toBe('')
  })

  it('writes plain lines where there is no terminal', () => {
    const output = createTestOutput()
    const display = createProgressDisplay(output, createTestClock())
    display.status('')
    display.status('pulling manifest')
    for (const bytes of [1, 2, 11, 15, 100]) display.bar('a', { label: 'pulling abc:', totalBytes: 100, currentBytes: bytes })
    display.status('success')
    display.stop()
    expect(output.text).toBe('pulling manifest\npulling abc: 1%\npulling abc: 11%\npulling abc: 100%\nsuccess\n')
  })
})
