import { describe, expect, it } from 'vitest'
import { showModel } from './show.ts'
import { createStage } from './testing/stage.ts'

describe('show', () => {
  it('of a model of the cloud is refused, and is not the model here of that name', async () => {
    const { add, reader } = createStage()
    add('m')
    await expect(showModel({ model: 'm:cloud' }, reader)).rejects.toMatchObject({ code: 'cloud_disabled' })
    await expect(showModel({ model: 'm:latest-cloud' }, reader)).rejects.toMatchObject({ code: 'cloud_disabled' })
    expect(await showModel({ model: 'm:local' }, reader)).toMatchObject({ capabilities: ['completion'] })
  })
})
