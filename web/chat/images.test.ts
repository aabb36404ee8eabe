import { describe, expect, it } from 'vitest'
import { MAX_IMAGE_BYTES, MAX_IMAGES, readImages } from './images.ts'

const fileOf = (bytes: Uint8Array<ArrayBuffer>, fields: object = {}) => ({
  name: 'a.png',
  type: 'image/png',
  size: bytes.length,
  arrayBuffer: async () => bytes.buffer,
  ...fields,
})

describe('pictures', () => {
  it('become base64, whatever their length', async () => {
    const bytes = Uint8Array.from({ length: 100_000 }, (_, index) => index % 251)
    const [image] = await readImages([fileOf(bytes)], 0)
    expect(image).toEqual({ name: 'a.png', mediaType: 'image/png', base64: Buffer.from(bytes).toString('base64') })
  })

  it('may be as many and as large as is allowed, and no more', async () => {
    const file = fileOf(new Uint8Array(1), { size: MAX_IMAGE_BYTES })
    expect(await readImages([file], MAX_IMAGES - 1)).toHaveLength(1)
    await expect(readImages([file], MAX_IMAGES)).rejects.toMatchObject({ kind: 'refused' })
    await expect(readImages([{ ...file, size: MAX_IMAGE_BYTES + 1 }], 0)).rejects.toThrow(/larger/)
  })

  it('are pictures', async () => {
    await expect(readImages([fileOf(new Uint8Array(1), { type: 'image/svg+xml' })], 0)).rejects.toThrow(/no image/)
  })
})
