import { describe, expect, it } from 'vitest'
import { loadMediaLibrary } from './package.ts'

describe('loadMediaLibrary', () => {
  it('says where nothing reads media', async () => {
    await expect(loadMediaLibrary('win32-x64')).rejects.toMatchObject({
      code: 'unsupported_capability',
      message: expect.stringContaining('win32-x64'),
    })
  })

  it('names the package that is missing', async () => {
    const foreign = process.platform === 'darwin' ? 'linux-arm64' : 'darwin-arm64'
    const message = expect.stringContaining(`@fugood/node-llama-${foreign}`)
    await expect(loadMediaLibrary(foreign)).rejects.toMatchObject({ code: 'load_failed', message })
  })
})
