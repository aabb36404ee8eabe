import { describe, expect, it } from 'vitest'
import type { Store } from '../store/store.ts'
import { copyModel, removeModel } from './copy-remove.ts'

/** A store without models: what it is asked for is not there. */
function createEmptyStore() {
  const asked: string[] = []
  const manifests = {
    read: async ({ model, tag }: { model: string; tag: string }) => void asked.push(`${model}:${tag}`),
    remove: async () => false,
  }
  return { asked, store: { manifests, removePartials: async () => 0 } as unknown as Store }
}

describe('a name that is none', () => {
  it.each([
    ['a b', '"a b"'],
    ['a"\\', '"a\\"\\\\"'],
    ['a\u0000\u007f\n', '"a\\x00\\x7f\\n"'],
    ['ü', '"ü"'],
  ])('is quoted as Go does: %j', async (text, quoted) => {
    const { store } = createEmptyStore()
    await expect(copyModel(text, 'm', store)).rejects.toMatchObject({ message: `source ${quoted} is invalid` })
    await expect(copyModel('m', text, store)).rejects.toMatchObject({ message: `destination ${quoted} is invalid` })
  })
})

describe('a model of the cloud', () => {
  it.each([
    ['m:cloud', 'm:cloud'],
    ['m:20b-cloud', 'm:20b-cloud'],
    ['m:20b:cloud', 'm:20b-cloud'],
    ['m:local', 'm:latest'],
  ])('%s is looked for under the name that it is stored by', async (sent, name) => {
    const { asked, store } = createEmptyStore()
    await expect(removeModel(sent, store)).rejects.toMatchObject({ code: 'model_not_found', message: `model '${sent}' not found` })
    expect(asked).toEqual([name])
  })
})
