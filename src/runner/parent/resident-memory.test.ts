import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readResidentBytes } from './resident-memory.ts'

describe('readResidentBytes', () => {
  it('knows this process where there is a /proc', () => {
    const bytes = readResidentBytes(process.pid)
    if (existsSync('/proc/self/status')) expect(bytes).toBeGreaterThan(1024 * 1024)
    else expect(bytes).toBeUndefined()
  })

  it('knows nothing of a process that is not there', () => {
    expect(readResidentBytes(-1)).toBeUndefined()
    expect(readResidentBytes(process.pid, '/no/such/folder')).toBeUndefined()
  })
})
