import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openExclusively } from './exclusive-file.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'exclusive-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('openExclusively', () => {
  it('gives a file to one opening at a time, in one process too', () => {
    const file = path.join(folder, 'taken')
    const first = openExclusively(file)
    expect(first).toBeDefined()
    expect(openExclusively(file)).toBeUndefined()
    first?.close()
    const second = openExclusively(file)
    expect(second).toBeDefined()
    // Its number may be another file's by now.
    first?.close()
    expect(openExclusively(file)).toBeUndefined()
    second?.close()
  })

  it('makes a file that is written through it, and keeps what one has', () => {
    const file = path.join(folder, 'written')
    const own = openExclusively(file)
    if (own) writeSync(own.descriptor, 'text')
    own?.close()
    openExclusively(file)?.close()
    expect(readFileSync(file, 'utf8')).toBe('text')
    if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it('throws where a file cannot be', () => {
    const file = path.join(folder, 'not-there', 'file')
    expect(() => openExclusively(file)).toThrow(expect.objectContaining({ code: 'ENOENT' }))
    expect(existsSync(path.dirname(file))).toBe(false)
  })
})
