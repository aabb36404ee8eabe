import { describe, expect, it } from 'vitest'
import { processUser } from './process-user.ts'

describe('processUser', () => {
  it('has the name that the system gives', () => {
    expect(processUser(() => ({ username: 'ana' }))).toEqual({ uid: process.getuid?.(), name: 'ana' })
  })

  it('has its number for a name where the system knows none, as in a container under any number', () => {
    const unknown = Object.assign(new Error('uv_os_get_passwd returned ENOENT'), { code: 'ERR_SYSTEM_ERROR' })
    const fail = () => {
      throw unknown
    }
    expect(processUser(fail).name).toBe(String(process.getuid?.() ?? 'this user'))
  })

  it('throws what else goes wrong', () => {
    const fail = () => {
      throw new Error('broken')
    }
    expect(() => processUser(fail)).toThrow('broken')
  })
})
