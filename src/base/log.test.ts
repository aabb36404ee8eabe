import { describe, expect, it } from 'vitest'
import { createLog, type LogFields, type LogLevel } from './log.ts'

function write(level: LogLevel, message: string, fields?: LogFields): string {
  let text = ''
  createLog({ level: 'debug', write: (line) => (text += line) })[level](message, fields)
  return text.replace(/^time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /, '')
}

describe('a record of the log', () => {
  it('is one line with a level, a message and its fields', () => {
    expect(write('info', 'listening', { port: 11434, host: '127.0.0.1:1', none: undefined })).toBe(
      'level=INFO msg=listening port=11434 host=127.0.0.1:1\n',
    )
  })

  it('quotes what has blanks, quotes or line breaks, so that nobody can forge a line', () => {
    expect(write('warn', 'two words', { name: 'a"b\nlevel=ERROR' })).toBe('level=WARN msg="two words" name="a\\"b\\nlevel=ERROR"\n')
  })

  it('has the message of an error, also within an object', () => {
    expect(write('error', 'x', { error: new Error('it died') })).toBe('level=ERROR msg=x error="it died"\n')
    expect(write('error', 'x', { details: { cause: new Error('it died') } })).toContain('it died')
  })

  it('is written whatever its fields are', () => {
    const cycle: Record<string, unknown> = { size: 1n }
    expect(write('info', 'x', { big: { size: 2n ** 64n } })).toContain('18446744073709551616')
    cycle.self = cycle
    expect(write('info', 'x', { cycle, nothing: null })).toMatch(/cycle=.*Circular.* nothing=null\n$/)
  })

  it('is not written below the level', () => {
    expect(write('trace', 'x')).toBe('')
    expect(write('debug', 'x')).toBe('level=DEBUG msg=x\n')
  })
})
