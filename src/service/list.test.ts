import { describe, expect, it } from 'vitest'
import { silentLog } from '../base/log.ts'
import { createModelList } from './list.ts'
import { createStage } from './testing/stage.ts'

describe('the list of models', () => {
  it('tells of each model what show tells, its parent too', async () => {
    const { add, reader, store } = createStage()
    add('m')
    const [stored] = await store.manifests.list()
    const model = stored && (await reader.describe(stored))
    const child = { ...reader, describe: async () => ({ ...model, details: { ...model?.details, parent_model: 'base:latest' } }) }
    const list = createModelList({ store, reader: child as typeof reader, log: silentLog })
    expect(await list()).toMatchObject([
      { name: 'm:latest', details: { parent_model: 'base:latest', family: 'llama' }, capabilities: ['completion'] },
    ])
  })

  it('is the same while the store gives the same manifests, unless something in it was damaged', async () => {
    const { add, reader, store } = createStage()
    add('m')
    let manifests = await store.manifests.list()
    const same = { ...store, manifests: { ...store.manifests, list: async () => manifests } }
    const damaged = { isDamaged: true }
    const describe: typeof reader.describe = (stored) => {
      if (damaged.isDamaged) throw new Error('damaged')
      return reader.describe(stored)
    }
    const list = createModelList({ store: same, reader: { ...reader, describe }, log: silentLog })
    expect(await list()).toMatchObject([{ name: 'm:latest', capabilities: [] }])
    damaged.isDamaged = false
    const mended = await list()
    expect(mended).toMatchObject([{ name: 'm:latest', capabilities: ['completion'] }])
    expect(await list()).toBe(mended)
    add('n')
    manifests = await store.manifests.list()
    expect(await list()).toHaveLength(2)
  })

  it('has a model whose config is no JSON, among the others', async () => {
    const { add, reader, store } = createStage()
    add('m')
    add('n')
    const torn = { ...store, blobs: { ...store.blobs, readText: async () => '{"model_format":' } }
    const describe: typeof reader.describe = (stored) => {
      if (stored.name.model === 'm') throw new Error('damaged')
      return reader.describe(stored)
    }
    const list = createModelList({ store: torn, reader: { ...reader, describe }, log: silentLog })
    expect(await list()).toMatchObject([
      { name: 'm:latest', capabilities: [], details: { format: '' } },
      { name: 'n:latest', capabilities: ['completion'] },
    ])
  })
})
