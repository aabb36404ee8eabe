import { describe, expect, it } from 'vitest'
import { createModelFiles, MAX_OPENINGS } from './model-files.ts'
import { putFolder } from './testing/folder-on-disk.ts'

describe('the files of a model', () => {
  it('are read up to a limit and no further', async () => {
    await using source = await putFolder({ 'a.txt': '12345' })
    const files = createModelFiles(source.paths)
    expect(await files.text('a.txt', 5)).toBe('12345')
    await expect(files.text('a.txt', 4)).rejects.toThrow('a.txt has 5 bytes, the limit is 4')
    expect(await files.text('b.txt', 4)).toBeUndefined()
  })

  it('may not have too many objects and lists, whatever they are worth to a parser', async () => {
    await using source = await putFolder({ 'a.json': '['.repeat(MAX_OPENINGS + 1), 'b.json': `{"a":"${'['.repeat(MAX_OPENINGS - 1)}"}` })
    const files = createModelFiles(source.paths)
    await expect(files.json('a.json', MAX_OPENINGS + 1)).rejects.toThrow(`a.json: more than ${MAX_OPENINGS} objects and lists`)
    expect((await files.json('b.json', MAX_OPENINGS + 100))?.text('a')).toHaveLength(MAX_OPENINGS - 1)
  })

  it('are those beside the config.json that lies highest', () => {
    const paths = new Map(
      ['m/config.json', 'm/1_Pooling/config.json', 'm/model.safetensors', 'other.txt'].map((name) => [name, `/blobs/${name}`]),
    )
    const files = createModelFiles(paths)
    expect(files.names).toEqual(['1_Pooling/config.json', 'config.json', 'model.safetensors'])
    expect(files.path('model.safetensors')).toBe('/blobs/m/model.safetensors')
  })

  it('may have the numbers of Python that JSON does not have', async () => {
    await using source = await putFolder({ 'a.json': '\uFEFF{"a": [NaN, -Infinity, 1], "b": "NaN \\" Infinity", "c": Infinity}' })
    const fields = await createModelFiles(source.paths).json('a.json', 1000)
    expect(fields?.value('a')).toEqual([null, null, 1])
    expect(fields?.text('b')).toBe('NaN " Infinity')
    expect(fields?.value('c')).toBeUndefined()
  })
})
