import { describe, expect, it } from 'vitest'
import { createModelFiles } from './model-files.ts'
import { putFolder } from './testing/folder-on-disk.ts'
import type { FolderFiles } from './testing/folder-parts.ts'
import { formatSafetensors } from './testing/safetensors-file.ts'
import { readWeights } from './weights.ts'

function file(...names: string[]): Uint8Array {
  return formatSafetensors(names.map((name) => ({ name, type: 'F32', shape: [1], values: new Float32Array(1) })))
}

async function names(files: FolderFiles): Promise<string[]> {
  await using source = await putFolder(files)
  return (await readWeights(createModelFiles(source.paths))).map(({ name }) => name)
}

const index = (places: Record<string, unknown>) => ({ 'model.safetensors.index.json': { weight_map: places } })
const PARTS = { 'model-1.safetensors': file('a', 'b'), 'model-2.safetensors': file('c') }

describe('the weights of a model', () => {
  it('are those of all files whose names begin with model', async () => {
    expect(await names({ ...PARTS, 'adapter.safetensors': file('x'), '2_Dense/model.safetensors': file('y') })).toEqual(['a', 'b', 'c'])
  })

  it('are those of any file where none begins so', async () => {
    expect(await names({ 'weights.safetensors': file('x') })).toEqual(['x'])
  })

  it('are those that the index names', async () => {
    const places = index({ c: 'model-2.safetensors' })
    expect(await names({ ...PARTS, ...places })).toEqual(['c'])
    await expect(names({ ...PARTS, ...index({ c: 'model-1.safetensors', d: 'model-2.safetensors' }) })).rejects.toThrow(
      'names the tensor "d", which no file has',
    )
    await expect(names({ ...PARTS, ...index({ a: 'model-3.safetensors' }) })).rejects.toThrow(
      'names "model-3.safetensors", which is not there',
    )
    await expect(names({ ...PARTS, ...index({ a: '../../etc/passwd' }) })).rejects.toThrow('which is not there')
    await expect(names({ ...PARTS, ...index({ a: 7 }) })).rejects.toThrow('a is 7, not a text')
    await expect(names({ ...PARTS, 'model.safetensors.index.json': {} })).rejects.toThrow('has no weight_map')
  })

  it('are there once', async () => {
    await expect(names({ 'model-1.safetensors': file('a'), 'model-2.safetensors': file('a') })).rejects.toThrow(
      "duplicate tensor name 'a' was found for this model",
    )
  })

  it('are there', async () => {
    await expect(names({ 'config.json': '{}' })).rejects.toThrow('there is no safetensors file')
  })
})
