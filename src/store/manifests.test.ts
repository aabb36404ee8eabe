import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MAX_MANIFEST_BYTES, type Manifest } from '../model/manifest.ts'
import { fullName, parseModelName, shortName } from '../model/name.ts'
import { createScratch, type Scratch, writeModelBlobs } from './testing/scratch.ts'

let scratch: Scratch
let manifest: Manifest
beforeEach(async () => {
  scratch = await createScratch()
  manifest = await writeModelBlobs(scratch.store, 'config', 'layer')
})
afterEach(() => scratch.remove())

const at = (...parts: string[]) => path.join(scratch.root, 'manifests', ...parts)
const library = (...parts: string[]) => at('registry.ollama.ai', 'library', ...parts)
const write = (name: string, what: Manifest | Uint8Array = manifest) => scratch.store.manifests.write(parseModelName(name), what)
const read = (name: string) => scratch.store.manifests.read(parseModelName(name))
const names = async () => (await scratch.store.manifests.list()).map(({ name }) => shortName(name))

describe('a manifest', () => {
  it('lies where Ollama looks for it, in its bytes', async () => {
    const stored = await write('m:7b')
    const text = readFileSync(library('m', '7b'), 'utf8')
    expect(text).toMatch(/^\{"schemaVersion":2,"mediaType":"application\/vnd\.docker\.distribution\.manifest\.v2\+json","config":\{.*\n$/)
    expect(stored.digestHex).toBe(createHash('sha256').update(text).digest('hex'))
    expect(await read('m:7b')).toEqual(stored)
    expect(stored.manifest).toEqual(manifest)
    expect(readdirSync(at())).toEqual(['registry.ollama.ai'])
  })

  it('of a nested repository has a name that Ollama can read, and is found and removed under its own', async () => {
    await write('ghcr.io/org/team/m:7b')
    expect(existsSync(at('ghcr.io::org::team', '_', 'm', '7b'))).toBe(true)
    expect(await names()).toEqual(['ghcr.io/org/team/m:7b'])
    expect(shortName((await read('GHCR.io/Org/team/M:7B'))?.name ?? parseModelName('none'))).toBe('ghcr.io/org/team/m:7b')
    await write('ghcr.io/ORG/team/m:8b')
    expect(readdirSync(at())).toEqual(['ghcr.io::org::team'])
    expect(await scratch.store.manifests.remove(parseModelName('ghcr.io/org/team/m:7b'))).toBe(true)
    expect(await names()).toEqual(['ghcr.io/org/team/m:8b'])
  })

  it.each([
    ['a folder', 'm:7b', () => mkdirSync(library('m', '7b'), { recursive: true })],
    [
      'a file in place of a folder',
      'm:7b',
      () => {
        mkdirSync(library(), { recursive: true })
        writeFileSync(library('m'), 'x')
      },
    ],
  ])('is not written where %s lies, and the error names no path', async (_, name, put) => {
    put()
    await expect(write(name)).rejects.toMatchObject({
      code: 'store_corrupt',
      message: expect.stringMatching(/^something else lies where a file of the models folder belongs \(E[A-Z]+\)$/),
    })
    expect(await read(name)).toBeUndefined()
    expect(readdirSync(at())).toEqual(['registry.ollama.ai'])
  })

  it('keeps the bytes of a registry', async () => {
    const bytes = new TextEncoder().encode(
      `${JSON.stringify({ layers: [], config: { digest: manifest.config.digest, size: 6, mediaType: 'x' }, more: 1 })}  `,
    )
    const stored = await write('m', bytes)
    expect(new Uint8Array(readFileSync(library('m', 'latest')))).toEqual(bytes)
    expect(new Uint8Array(stored.bytes)).toEqual(bytes)
  })

  it('is refused when it is none, and what was there stays', async () => {
    await write('m')
    await expect(write('m', new TextEncoder().encode('{}'))).rejects.toMatchObject({ code: 'store_corrupt' })
    expect((await read('m'))?.manifest).toEqual(manifest)
  })

  it('may be as large as the limit and no larger, also counted in bytes', async () => {
    const text = JSON.stringify({ layers: [], config: { digest: manifest.config.digest, size: 6, mediaType: 'x' }, pad: '@' })
    const padded = (size: number, pad: string) => {
      const room = size - new TextEncoder().encode(text.replace('@', '')).byteLength
      return new TextEncoder().encode(text.replace('@', pad.repeat(Math.floor(room / new TextEncoder().encode(pad).byteLength))))
    }
    await write('m', padded(MAX_MANIFEST_BYTES, 'x'))
    expect(await read('m')).toBeDefined()
    await expect(write('m', padded(MAX_MANIFEST_BYTES + 1, 'x'))).rejects.toMatchObject({ code: 'store_corrupt' })
    await expect(write('m', padded(MAX_MANIFEST_BYTES + 4, 'é'))).rejects.toMatchObject({ code: 'store_corrupt' })
    writeFileSync(library('m', 'latest'), ' '.repeat(MAX_MANIFEST_BYTES + 1))
    await expect(read('m')).rejects.toMatchObject({ code: 'store_corrupt' })
  })

  it('is absent where there is no file, a folder or a file in place of a folder', async () => {
    expect(await read('m')).toBeUndefined()
    mkdirSync(library('m', 'latest'), { recursive: true })
    expect(await read('m')).toBeUndefined()
    writeFileSync(library('n'), '')
    expect(await read('n')).toBeUndefined()
  })

  it('is corrupt where the file is no manifest', async () => {
    mkdirSync(library('m'), { recursive: true })
    writeFileSync(library('m', 'latest'), '{"config"')
    await expect(read('m')).rejects.toMatchObject({ code: 'store_corrupt' })
  })

  it('is not read through a link that leads out of the folder', async () => {
    mkdirSync(library('m'), { recursive: true })
    await write('n')
    const outside = path.join(scratch.root, 'outside')
    writeFileSync(outside, readFileSync(library('n', 'latest')))
    symlinkSync(outside, library('m', 'latest'))
    expect(await read('m')).toBeUndefined()
    symlinkSync(library('n', 'latest'), library('m', 'inside'))
    expect(await read('m:inside')).toBeDefined()
  })
})

describe('names that differ in case', () => {
  it('are the same model', async () => {
    await write('Ns/M:T')
    const stored = await read('ns/m:t')
    expect(stored && fullName(stored.name)).toBe('registry.ollama.ai/Ns/M:T')
    await write('NS/m:T')
    expect(await names()).toEqual(['Ns/M:T'])
    expect(await scratch.store.manifests.remove(parseModelName('nS/m:t'))).toBe(true)
    expect(await names()).toEqual([])
  })

  it('are spelled part by part as others are', async () => {
    await write('Llama:7B')
    expect(shortName((await write('llama:7b-q4')).name)).toBe('Llama:7b-q4')
  })

  it('mean the one that is spelled so, where both are on the disk', async () => {
    for (const tag of ['T', 't']) {
      mkdirSync(library('m'), { recursive: true })
      writeFileSync(library('m', tag), JSON.stringify({ config: { mediaType: tag, digest: manifest.config.digest, size: 1 }, layers: [] }))
    }
    expect((await read('m:t'))?.manifest.config.mediaType).toBe('t')
    await scratch.store.manifests.remove(parseModelName('m:T'))
    expect(await names()).toEqual(['m:t'])
  })
})

describe('the list of manifests', () => {
  it('has the newest first', async () => {
    for (const [name, seconds] of [
      ['a', 100],
      ['b', 300],
      ['c', 200],
    ] as const) {
      await write(name)
      utimesSync(library(name, 'latest'), seconds, seconds)
    }
    expect(await names()).toEqual(['b:latest', 'c:latest', 'a:latest'])
  })

  it('leaves out what is no manifest and says so once', async () => {
    await write('good')
    mkdirSync(library('bad'), { recursive: true })
    writeFileSync(library('bad', 'latest'), 'no json')
    writeFileSync(library('good', '.hidden'), '')
    writeFileSync(library('README'), '')
    expect(await names()).toEqual(['good:latest'])
    expect(await names()).toEqual(['good:latest'])
    expect(scratch.logged).toEqual([expect.stringContaining('bad/latest')])
  })

  it('does not go into links', async () => {
    await write('m')
    symlinkSync(library(), at('registry.ollama.ai', 'linked'))
    expect(await names()).toEqual(['m:latest'])
  })
})

describe('removing a manifest', () => {
  it('removes the folders that are empty then, and no others', async () => {
    await write('ns/m:1')
    await write('ns/m:2')
    const remove = (name: string) => scratch.store.manifests.remove(parseModelName(name))
    expect(await remove('ns/m:1')).toBe(true)
    expect(existsSync(at('registry.ollama.ai', 'ns', 'm'))).toBe(true)
    expect(await remove('ns/m:2')).toBe(true)
    expect(readdirSync(at())).toEqual([])
    expect(await remove('ns/m:2')).toBe(false)
  })
})

describe('many at once', () => {
  it('end with one whole manifest', async () => {
    const manifests = await Promise.all(Array.from({ length: 6 }, (_, i) => writeModelBlobs(scratch.store, `config ${i}`)))
    await Promise.all(manifests.map((each) => write('m', each)))
    const stored = await read('m')
    expect(manifests).toContainEqual(stored?.manifest)
  })

  it('may write and remove names in the same folder', async () => {
    const tags = ['a', 'b', 'c', 'd']
    await Promise.all(tags.flatMap((tag) => [write(`m:${tag}`), scratch.store.manifests.remove(parseModelName(`m:${tag}`))]))
    for (const tag of tags) await write(`m:${tag}`)
    expect((await names()).sort()).toEqual(['m:a', 'm:b', 'm:c', 'm:d'])
  })
})
