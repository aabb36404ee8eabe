import { describe, expect, it } from 'vitest'
import { parseDigest } from '../model/digest.ts'
import { parseModelName } from '../model/name.ts'
import { blobPath, createLayout, manifestPath, parseBlobEntry, partialPath } from './layout.ts'

const hex = 'a'.repeat(64)
const digest = parseDigest(`sha256:${hex}`)
const layout = createLayout('/models')

describe('the layout of the models folder', () => {
  it('is that of Ollama', () => {
    expect(blobPath(layout, digest)).toBe(`/models/blobs/sha256-${hex}`)
    expect(partialPath(layout, digest)).toBe(`/models/blobs/sha256-${hex}-partial`)
    expect(partialPath(layout, digest, 12)).toBe(`/models/blobs/sha256-${hex}-partial-12`)
    expect(manifestPath(layout, parseModelName('localhost:5000/ns/m:7b'))).toBe('/models/manifests/localhost:5000/ns/m/7b')
    expect(manifestPath(layout, parseModelName('ghcr.io/org/team/m:7b'))).toBe('/models/manifests/ghcr.io::org::team/_/m/7b')
  })

  it.each([
    [`sha256-${hex}`, 'blob'],
    [`sha256:${hex}`, 'old-spelling'],
    [`sha256-${hex}-partial`, 'partial'],
    [`sha256-${hex}-partial-0`, 'partial'],
    ['sha256-123456789', 'temporary'],
    [`sha256-${hex}.tmp`, 'temporary'],
    ['tmp-1-0123456789abcdef', 'temporary'],
    ['README', 'other'],
    [`sha256-${'A'.repeat(64)}`, 'other'],
    [`sha256-${hex}0`, 'other'],
    [`sha256-${hex}-partial-x`, 'other'],
    ['tmp-../x', 'other'],
  ])('sees %s as %s', (name, kind) => expect(parseBlobEntry(name).kind).toBe(kind))
})
