import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { program } from '../support/paths.ts'
import { cleanEnvironment, startServer, type TestServer } from '../support/server.ts'

const KEY = 'correct-horse+battery/staple='

function llamero(server: TestServer, words: string[], key?: string) {
  const env = { ...cleanEnvironment(), HOME: server.home, OLLAMA_HOST: server.url, ...(key === undefined ? {} : { LLAMERO_API_KEY: key }) }
  return spawnSync(process.execPath, [program, ...words], { env, encoding: 'utf8' })
}

async function withServer(options: Parameters<typeof startServer>[0], use: (server: TestServer) => Promise<void> | void): Promise<void> {
  const server = await startServer(options)
  try {
    await use(server)
  } finally {
    await server.stop()
    server.clean()
  }
}

describe('a server that others reach (CVE-2025-63389)', () => {
  it('says at its start that it asks nobody, where it has no key', async () => {
    await withServer({ host: '0.0.0.0' }, async (server) => {
      expect(server.log()).toContain('LLAMERO_API_KEY')
      expect((await fetch(`${server.url}/api/tags`)).status).toBe(200)
    })
  })

  it('asks everybody for the key that it has, and its command line brings it', async () => {
    await withServer({ host: '0.0.0.0', env: { LLAMERO_API_KEY: KEY } }, async (server) => {
      expect(server.log()).not.toContain('LLAMERO_API_KEY')
      expect((await fetch(`${server.url}/api/tags`)).status).toBe(401)
      expect((await fetch(`${server.url}/v1/models`, { headers: { Authorization: `Bearer ${KEY}` } })).status).toBe(200)
      expect(llamero(server, ['list'], KEY)).toMatchObject({ status: 0, stdout: expect.stringMatching(/^NAME/) })
      for (const wrong of [undefined, 'another']) {
        const refused = llamero(server, ['list'], wrong)
        expect(refused).toMatchObject({ status: 1, stdout: '' })
        expect(refused.stderr).toMatch(/^Error: .*LLAMERO_API_KEY\n$/)
      }
      expect(server.log()).not.toContain(KEY)
    })
  })
})

it('a server of this machine alone asks nobody and says nothing', async () => {
  await withServer({}, async (server) => {
    expect(server.log()).not.toContain('LLAMERO_API_KEY')
    expect(llamero(server, ['list'])).toMatchObject({ status: 0 })
  })
})
