import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLog, silentLog } from '../base/log.ts'
import { type CredentialSources, createCredentials } from './credentials.ts'

describe('credentials', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'llamero-docker-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  async function docker(content: unknown, urls: string[] = [], sources: Partial<CredentialSources> = {}) {
    const dockerConfig = path.join(folder, 'config.json')
    await writeFile(dockerConfig, typeof content === 'string' ? content : JSON.stringify(content))
    return createCredentials({ urls, dockerConfig, askHelper: async () => undefined, log: silentLog, ...sources })
  }

  const base64 = (text: string) => Buffer.from(text).toString('base64')

  it("come from Docker's config, by host or by URL", async () => {
    const find = await docker({
      auths: { 'a.example:5000': { auth: base64('ann:s:ecret') }, 'https://b.example/v1/': { username: 'bob', password: 'pw' } },
    })
    expect(await find('a.example:5000')).toEqual({ username: 'ann', password: 's:ecret' })
    expect(await find('b.example')).toEqual({ username: 'bob', password: 'pw' })
    expect(await find('a.example')).toBeUndefined()
  })

  it("come from the operator's URLs first", async () => {
    const find = await docker({ auths: { 'a.example': { auth: base64('x:y') } } }, ['https://us%40er:p%3Aw@a.example'])
    expect(await find('a.example')).toEqual({ username: 'us@er', password: 'p:w' })
  })

  it('are none where the config is absent, not JSON, or of another shape', async () => {
    expect(
      await createCredentials({
        urls: ['https://a.example'],
        dockerConfig: path.join(folder, 'none'),
        askHelper: () => Promise.reject(new Error('nobody names a helper')),
        log: silentLog,
      })('a.example'),
    ).toBeUndefined()
    expect(await (await docker('{'))('a.example')).toBeUndefined()
    expect(await (await docker({ auths: { 'a.example': { auth: base64('nocolon') } } }))('a.example')).toBeUndefined()
    expect(await (await docker([1]))('a.example')).toBeUndefined()
  })

  it('of the wrong form are left out, and the log has no password', async () => {
    const lines: string[] = []
    const log = createLog({ level: 'warn', write: (line) => void lines.push(line) })
    const find = await docker({}, ['a.example:secret', 'https://u:100%@b.example'], { log })
    expect(await find('b.example')).toEqual({ username: 'u', password: '100%' })
    expect(lines).toHaveLength(1)
    expect(lines.join()).not.toContain('secret')
  })

  it('may be a token that buys others', async () => {
    const find = await docker({ auths: { 'a.example': { identitytoken: 'R', auth: base64('00000000:') } } })
    expect(await find('a.example')).toEqual({ refreshToken: 'R' })
  })

  it('come from the helper of the host, then from the file, then from the helper of all', async () => {
    const asked: string[][] = []
    const askHelper = async (...question: string[]) => {
      asked.push(question)
      return { username: 'h', password: 'p' }
    }
    const config = {
      auths: { 'a.example': { auth: base64('x:y') }, 'b.example': {} },
      credsStore: 'desktop',
      credHelpers: { 'c.example': 'gcr' },
    }
    const find = await docker(config, [], { askHelper })
    expect(await find('a.example')).toEqual({ username: 'x', password: 'y' })
    expect(asked).toEqual([])
    for (const host of ['b.example', 'c.example', 'registry-1.docker.io'])
      expect(await find(host)).toEqual({ username: 'h', password: 'p' })
    expect(asked).toEqual([
      ['desktop', 'b.example'],
      ['gcr', 'c.example'],
      ['desktop', 'https://index.docker.io/v1/'],
    ])
  })

  it("of Docker's own registry are found under each of its names", async () => {
    const find = await docker({ auths: { 'https://index.docker.io/v1/': { auth: base64('u:p') } } })
    for (const host of ['docker.io', 'registry-1.docker.io', 'index.docker.io'])
      expect(await find(host)).toEqual({ username: 'u', password: 'p' })
    expect(await find('example.docker.io')).toBeUndefined()
  })
})
