import { describe, expect, it } from 'vitest'
import { formatAddress, toListenError } from './listen-error.ts'

const nobody = async () => undefined
const systemError = (code: string) => Object.assign(new Error(code), { code })

describe('an address that cannot be taken', () => {
  it('is told with the process that has it, in words that scripts know from Ollama', async () => {
    const owner = async (port: number) => (port === 11434 ? { pid: 7, command: 'ollama serve' } : undefined)
    expect(await toListenError(systemError('EADDRINUSE'), { host: '127.0.0.1', port: 11434 }, owner)).toMatchObject({
      code: 'not_supported',
      message:
        'listen tcp 127.0.0.1:11434: bind: address already in use\nprocess 7 listens there (ollama serve); OLLAMA_HOST sets another address',
    })
    const hidden = await toListenError(systemError('EADDRINUSE'), { host: '::1', port: 1 }, owner)
    expect((hidden as Error).message).toContain('listen tcp [::1]:1: bind: address already in use\nanother program listens there')
  })

  it.each([
    ['EADDRNOTAVAIL', 'listen tcp far.test:80: bind: cannot assign requested address\nthis machine has no such address'],
    ['EACCES', 'listen tcp far.test:80: bind: permission denied\nthis user may not listen on port 80'],
    ['ENOTFOUND', 'listen tcp: lookup far.test: no such host\n'],
    ['EAI_AGAIN', 'listen tcp: lookup far.test: no such host\n'],
  ])('is told by its reason: %s', async (code, words) => {
    const told = await toListenError(systemError(code), { host: 'far.test', port: 80 }, nobody)
    expect((told as Error).message).toContain(words)
    expect((told as Error).message).toContain('OLLAMA_HOST')
  })

  it('is thrown as it is for another reason', async () => {
    const other = systemError('EMFILE')
    expect(await toListenError(other, { host: 'a', port: 1 }, nobody)).toBe(other)
  })
})

describe('an address', () => {
  it('has brackets around one of version 6', () => {
    expect([formatAddress({ host: '::', port: 1 }), formatAddress({ host: '0.0.0.0', port: 2 })]).toEqual(['[::]:1', '0.0.0.0:2'])
  })
})
