import { describe, expect, it } from 'vitest'
import { formatConfigBlob, parseConfigBlob } from './config-blob.ts'
import { isDigest, parseDigest } from './digest.ts'
import { formatManifest, MAX_MANIFEST_BYTES, parseManifest } from './manifest.ts'

const hex = 'ab'.repeat(32)
const layer = { mediaType: 'application/vnd.ollama.image.model', digest: `sha256:${hex}`, size: 5 }

describe('digests', () => {
  it('are accepted with a colon or a dash and either case, and become lower case with a colon', () => {
    expect(parseDigest(`sha256-${hex.toUpperCase()}`)).toBe(`sha256:${hex}`)
  })
  it.each(['', 'sha256:', `sha256:${hex}0`, `sha256:${hex.slice(1)}`, `sha512:${hex}`, `sha256:../${hex.slice(3)}`, `sha256:${hex}\n`])(
    '%j is none',
    (text) => expect(isDigest(text)).toBe(false),
  )
})

describe('manifests', () => {
  it('print as Ollama prints them and read back the same', () => {
    const text = formatManifest(
      parseManifest(JSON.stringify({ schemaVersion: 2, config: layer, layers: [{ ...layer, from: 'm:latest' }] })),
    )
    expect(text).toBe(
      `{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","config":{"mediaType":"application/vnd.ollama.image.model","digest":"sha256:${hex}","size":5},"layers":[{"mediaType":"application/vnd.ollama.image.model","digest":"sha256:${hex}","size":5,"from":"m:latest"}]}\n`,
    )
    expect(formatManifest(parseManifest(text))).toBe(text)
  })

  it.each([
    ['', 'not JSON'],
    ['[]', 'not an object'],
    ['{}', 'no config'],
    [JSON.stringify({ config: { ...layer, digest: 'sha256:../../etc' } }), 'invalid digest'],
    [JSON.stringify({ config: layer, layers: [{ ...layer, size: -1 }] }), 'no valid size'],
    [JSON.stringify({ config: layer, layers: {} }), 'no usable list'],
    [JSON.stringify({ config: layer, layers: [null] }), 'not an object'],
  ])('%s is refused', (text, message) => expect(() => parseManifest(text)).toThrow(message))

  it('are read up to their limit and not past it', () => {
    const manifest = JSON.stringify({ config: layer })
    expect(parseManifest(manifest.padEnd(MAX_MANIFEST_BYTES, ' ')).layers).toEqual([])
    expect(() => parseManifest(manifest.padEnd(MAX_MANIFEST_BYTES + 1, ' '))).toThrow('larger than 4 MiB')
  })
})

describe('config blobs', () => {
  it('keep the order of keys that Ollama writes and drop what is empty', () => {
    const text =
      '{"model_format":"gguf","model_family":"llama","model_families":["llama"],"model_type":"135M","file_type":"Q4_1","renderer":"qwen3","architecture":"amd64","os":"linux"}'
    expect(formatConfigBlob(parseConfigBlob(text))).toBe(text)
  })
  it('take empty values for what is missing', () =>
    expect(parseConfigBlob('{}')).toMatchObject({ model_format: '', model_families: null, os: 'linux' }))
  it('refuse what is no object', () => expect(() => parseConfigBlob('3')).toThrow('not an object'))
})
