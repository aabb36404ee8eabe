import { writeSync } from 'node:fs'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { MediaLog } from './media-log.ts'

vi.mock('node:fs', () => ({ writeSync: vi.fn() }))
beforeEach(() => vi.mocked(writeSync).mockClear())

const INFO = 2
const WARNING = 3
const ERROR = 4
const CONTINUED = 5

describe('MediaLog', () => {
  it('passes on complaints alone, and what continues them', () => {
    const log = new MediaLog()
    log.hear(INFO, 'loading\n')
    log.hear(CONTINUED, '....\n')
    log.hear(ERROR, 'it is ')
    log.hear(CONTINUED, 'broken\n')
    log.hear(WARNING, 'slow\n')
    expect(vi.mocked(writeSync).mock.calls.map(([, text]) => text)).toEqual(['it is ', 'broken\n'])
  })

  it('explains a failure by its last complaint, once', () => {
    const log = new MediaLog()
    expect(log.explain()).toBe('')
    log.hear(ERROR, 'first\n')
    log.hear(ERROR, 'second\n')
    log.hear(ERROR, '\n')
    expect(log.explain()).toBe(': second')
    expect(log.explain()).toBe('')
  })

  it('explains by no more than a line', () => {
    const log = new MediaLog()
    log.hear(ERROR, 'x'.repeat(5000))
    expect(log.explain()).toHaveLength(514)
  })
})
