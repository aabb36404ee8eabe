import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLog, silentLog } from '../base/log.ts'
import { createCredentials } from './credentials.ts'

describe('credentials', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'llamero-docker-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  async function docker(content: unknown, urls: string[] = [], log = silentLog) {
    const dockerConfig = path.join(folder, 'config.json')
    await writeFile(dockerConfig, typeof content === 'string' ? content : JSON.stringify(content))
    return createCredentials({ urls, dockerConfig, log })
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
      await createCredentials({ urls: ['https://a.example'], dockerConfig: path.join(folder, 'none'), log: silentLog })('a.example'),
    ).toBeUndefined()
    expect(await (await docker('{'))('a.example')).toBeUndefined()
    expect(await (await docker({ auths: { 'a.example': { auth: base64('nocolon') } } }))('a.example')).toBeUndefined()
    expect(await (await docker([1]))('a.example')).toBeUndefined()
  })

  it('of a credential helper are not used, and the log says so', async () => {
    const lines: string[] = []
    const log = createLog({ level: 'warn', write: (line) => void lines.push(line) })
    const find = await docker({ auths: { 'a.example': {} }, credsStore: 'desktop' }, [], log)
    expect(await find('a.example')).toBeUndefined()
    expect(lines.join()).toContain('credential helpers are not used')
  })
})
