import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { silentLog } from './base/log.ts'
import { serverKeyFile } from './config/server-key.ts'
import { createServerKey } from './server-key.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(path.join(os.tmpdir(), 'server-key-'))
})
afterEach(() => rmSync(home, { recursive: true }))

describe('the key of a server', () => {
  it('lies where only its user reads it, fits, and goes with the server', async () => {
    const key = await createServerKey(home, 1234, silentLog)
    const file = serverKeyFile(home, 1234)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const text = readFileSync(file, 'utf8')
    expect(text).toMatch(/^[0-9a-f]{64}$/)
    expect(key.fits(text)).toBe(true)
    for (const wrong of ['', text.slice(1), `${text} `, '\u00e9'.repeat(64)]) expect(key.fits(wrong)).toBe(false)
    await key.remove()
    expect(() => statSync(file)).toThrow('ENOENT')
  })

  it('replaces what a killed server left', async () => {
    const first = await createServerKey(home, 1, silentLog)
    const second = await createServerKey(home, 1, silentLog)
    const text = readFileSync(serverKeyFile(home, 1), 'utf8')
    expect([first.fits(text), second.fits(text)]).toEqual([false, true])
  })

  it('keeps nobody from serving where it cannot be written', async () => {
    writeFileSync(path.join(home, 'run'), '')
    const warnings: string[] = []
    const key = await createServerKey(home, 1, { ...silentLog, warn: (message) => void warnings.push(message) })
    expect(warnings).toHaveLength(1)
    expect(key.fits('')).toBe(false)
  })
})
