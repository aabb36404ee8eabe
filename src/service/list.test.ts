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
})
