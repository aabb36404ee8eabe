import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { silentLog } from '../base/log.ts'
import { createOllamaKey } from './ollama-key.ts'
import { formatOpensshKey, formatPublicKey, formatPublicLine, parseOpensshKey } from './openssh-key.ts'

describe("this machine's key", () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'llamero-key-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  const files = () => ({ ollama: path.join(folder, 'ollama', 'id_ed25519'), own: path.join(folder, 'own', 'id_ed25519') })

  it("is Ollama's where there is one, and that file is not touched", async () => {
    const { privateKey } = generateKeyPairSync('ed25519')
    const ollama = path.join(folder, 'id_ed25519')
    await writeFile(ollama, formatOpensshKey(privateKey))
    const own = path.join(folder, 'own', 'id_ed25519')
    const signature = await createOllamaKey({ ollama, own }, silentLog).signature('text')
    expect(signature.split(':')[0]).toBe(formatPublicKey(privateKey))
    await expect(stat(own)).rejects.toThrow('ENOENT')
  })

  it('is made at the first need, for its owner alone, and used from then on', async () => {
    const first = await createOllamaKey(files(), silentLog).signature('a')
    const second = await createOllamaKey(files(), silentLog).signature('a')
    expect(second).toBe(first)
    expect((await stat(files().own)).mode & 0o777).toBe(0o600)
    const key = parseOpensshKey(await readFile(files().own, 'utf8'))
    expect(await readFile(`${files().own}.pub`, 'utf8')).toBe(formatPublicLine(key))
    const [, signature = ''] = first.split(':')
    expect(verify(null, Buffer.from('a'), createPublicKey(key), Buffer.from(signature, 'base64'))).toBe(true)
  })

  it('is made once when two ask at the same time', async () => {
    const signatures = await Promise.all([1, 2, 3].map(() => createOllamaKey(files(), silentLog).signature('a')))
    expect(new Set(signatures).size).toBe(1)
  })

  it('that is damaged is an error and not replaced', async () => {
    const own = path.join(folder, 'id_ed25519')
    await writeFile(own, 'rubbish')
    const key = createOllamaKey({ ollama: path.join(folder, 'none'), own }, silentLog)
    await expect(key.signature('a')).rejects.toMatchObject({ code: 'invalid_request' })
    expect(await readFile(own, 'utf8')).toBe('rubbish')
  })
})
