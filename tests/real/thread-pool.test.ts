// The engine of this platform has thread pools, and their layout is the one that thread-pool.ts knows: otherwise replies would only be slower.

import { expect, it } from 'vitest'
import { bindApi } from '../../src/runner/child/llama/api.ts'
import { loadLibrary } from '../../src/runner/child/llama/library.ts'
import { createThreadPool } from '../../src/runner/child/llama/thread-pool.ts'

it('makes a pool for several threads and none for one, or for more than the engine can have', async () => {
  const library = await loadLibrary({ gpu: false })
  bindApi(library).backendInit()
  expect(createThreadPool(library, 2)).toBeTypeOf('bigint')
  expect(createThreadPool(library, 1)).toBeUndefined()
  expect(createThreadPool(library, 513)).toBeUndefined()
})
