import { statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { errorCode, isMissing, unlessMissing, unlessMissingNow } from './system-error.ts'

const here = fileURLToPath(import.meta.url)
const failure = (code: unknown) => Object.assign(new Error('a failure'), { code })

describe('the code of an error', () => {
  it('is the word of the system, where there is one', () => {
    expect(errorCode(failure('EPIPE'))).toBe('EPIPE')
    expect([failure(7), new Error('plain'), { code: 'EPIPE' }, 'EPIPE', undefined].map(errorCode)).toEqual(Array(5).fill(undefined))
  })
})

describe('what is missing', () => {
  it('has no entry in its folder, or a file where a folder should be', () => {
    expect(['ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP'].map((code) => isMissing(failure(code)))).toEqual([true, true, false, false])
  })

  it('is undefined, and what fails otherwise is thrown on', async () => {
    expect(await unlessMissing(open(`${here}.not-there`))).toBeUndefined()
    expect(await unlessMissing(open(`${here}/below-a-file`))).toBeUndefined()
    await expect(unlessMissing(Promise.reject(failure('EACCES')))).rejects.toMatchObject({ code: 'EACCES' })
    expect(await unlessMissing(Promise.resolve(7))).toBe(7)
  })

  it('is the same where the answer comes at once', () => {
    expect(unlessMissingNow(() => statSync(`${here}/below-a-file`, { throwIfNoEntry: false }))).toBeUndefined()
    const refused = () => {
      throw failure('EACCES')
    }
    expect(() => unlessMissingNow(refused)).toThrow(expect.objectContaining({ code: 'EACCES' }))
    expect(unlessMissingNow(() => 7)).toBe(7)
  })
})
