import { describe, expect, it } from 'vitest'
import { AppError } from '../../base/errors.ts'
import { createTestCli } from '../testing/fakes.ts'
import { checkServer } from './check-server.ts'
import { listeningInodes } from './port-owner.ts'

const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:2CAA 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0000000000000000 100 0 0 10 0
   1: 0100007F:2CAA 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0000000000000000 20 4 30 10 -1
   2: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0000000000000000 100 0 0 10 0
`

describe('the table of sockets', () => {
  it('tells who listens on a port, and not who is connected to it', () => {
    expect(listeningInodes(TABLE, 11434)).toEqual(['4711'])
    expect(listeningInodes(TABLE, 80)).toEqual(['4713'])
    expect(listeningInodes(TABLE, 5)).toEqual([])
    expect(listeningInodes('', 80)).toEqual([])
  })
})

describe('the check of the server', () => {
  const owner = async () => ({ pid: 42, command: 'nginx' })
  const nobody = async () => undefined
  const failing = (error: unknown) => createTestCli({ client: { versions: () => Promise.reject(error) } }).context

  it('tells Llamero, Ollama, a stranger and nobody apart', async () => {
    const llamero = createTestCli().context
    expect(await checkServer(llamero, nobody)).toMatchObject({ isLlamero: true, check: { level: 'ok' } })
    const ollama = createTestCli({ client: { versions: async () => ({ version: '0.33.0' }) } }).context
    expect(await checkServer(ollama, async () => ({ pid: 7, command: 'ollama serve' }))).toMatchObject({
      isLlamero: false,
      check: { level: 'warn', text: 'Ollama 0.33.0 answers at http://127.0.0.1:11434 (process 7: ollama serve)' },
    })
    const notJson = failing(new AppError('internal', 'the server answered with something that is no JSON object'))
    expect((await checkServer(notJson, owner)).check).toMatchObject({
      level: 'fail',
      text: expect.stringMatching(/^something else answers at \S+ \(process 42: nginx\): the server answered with something/),
    })
    const refused = failing(new AppError('internal', 'connect ECONNREFUSED', { details: { unreachable: true } }))
    expect((await checkServer(refused, nobody)).check).toMatchObject({ level: 'warn', text: expect.stringContaining('none answers') })
    const silent = failing(new AppError('cancelled', 'request canceled'))
    expect((await checkServer(silent, nobody)).check).toMatchObject({
      level: 'fail',
      text: expect.stringContaining('no answer within 3 seconds'),
    })
  })
})
