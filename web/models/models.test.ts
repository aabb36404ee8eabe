import { describe, expect, it, vi } from 'vitest'
import type { ProgressBody } from '../../src/api/transfer.ts'
import { Failure } from '../api/failure.ts'
import { untilStopped } from '../api/testing/until-stopped.ts'
import { can, chooseModel, createModels, type Model, modelsOf, searchModels, talkative } from './model-list.ts'
import { addProgress, NO_PROGRESS, sumOf } from './pull-progress.ts'
import { createPulls } from './pulls.ts'

const model = (name: string, capabilities?: string[]): Model => ({
  name,
  model: name,
  modified_at: '',
  size: 1,
  digest: '',
  details: { parent_model: '', format: 'gguf', family: 'llama', families: null, parameter_size: '8B', quantization_level: 'Q4_K_M' },
  ...(capabilities ? { capabilities } : {}),
})
const [talker, seer, embedder, unknown] = [
  model('a', ['completion', 'tools']),
  model('b', ['completion', 'vision']),
  model('c', ['embedding']),
  model('d'),
] as const

describe('models', () => {
  it('to talk to are those that complete, and those of which nothing is known', () => {
    expect(talkative([talker, seer, embedder, unknown])).toEqual([talker, seer, unknown])
    expect([can(seer, 'vision'), can(talker, 'vision'), can(undefined, 'vision')]).toEqual([true, false, false])
  })

  it('are chosen by name; without one the first is meant, and a missing one is not replaced', () => {
    expect(chooseModel([talker, seer], 'b')).toBe(seer)
    expect(chooseModel([talker, seer], '')).toBe(talker)
    expect(chooseModel([talker, seer], 'gone')).toBeUndefined()
  })

  it('are found by all words of what is shown', () => {
    expect(searchModels([talker, seer], 'VISION q4')).toEqual([seer])
    expect(searchModels([talker, seer], ' ')).toHaveLength(2)
    expect(searchModels([talker, seer], 'vision f16')).toEqual([])
  })

  it('that were read stay while the server is away', async () => {
    let answer = async () => ({ models: [talker] })
    const models = createModels(() => answer())
    await models.refresh()
    answer = () => Promise.reject(new Failure('away', 'no'))
    await models.refresh()
    expect(modelsOf(models.list.value)).toEqual([talker])
  })

  it('that cannot be read are told in the words of the server', async () => {
    const models = createModels(() => Promise.reject(new Failure('refused', 'the store is broken')))
    await models.refresh()
    expect(models.list.value).toEqual({ kind: 'failed', message: 'the store is broken' })
  })
})

describe('progress', () => {
  const records: ProgressBody[] = [
    { status: 'pulling manifest' },
    { status: 'pulling aa', digest: 'sha256:aa', total: 100 },
    { status: 'pulling bb', digest: 'sha256:bb', total: 10, completed: 10 },
    { status: 'pulling aa', digest: 'sha256:aa', total: 100, completed: 150 },
    { status: 'verifying sha256 digest' },
  ]

  it('has a line for each layer, which never passes its end', () => {
    const progress = records.reduce(addProgress, NO_PROGRESS)
    expect(progress).toEqual({
      status: 'verifying sha256 digest',
      layers: [
        { digest: 'sha256:aa', completed: 100, total: 100 },
        { digest: 'sha256:bb', completed: 10, total: 10 },
      ],
    })
    expect(sumOf(progress)).toEqual({ completed: 110, total: 110 })
  })
})

describe('a pull', () => {
  const setUp = (pull: (request: { model: string; insecure: boolean }, signal: AbortSignal) => AsyncIterable<ProgressBody>) => {
    const onEnd = vi.fn()
    return { pulls: createPulls({ pull, onEnd }), onEnd }
  }

  it('ends well with success, and is there until it is dismissed', async () => {
    const { pulls, onEnd } = setUp(async function* () {
      yield { status: 'success' }
    })
    await pulls.begin('m', false)
    expect(pulls.all.value).toMatchObject([{ model: 'm', state: 'done' }])
    expect(onEnd).toHaveBeenCalledOnce()
    pulls.dismiss('m')
    expect(pulls.all.value).toEqual([])
  })

  it('that breaks off before has failed, and one that is refused says why', async () => {
    const { pulls } = setUp(async function* ({ model }) {
      yield { status: 'pulling manifest' }
      if (model === 'refused') throw new Failure('refused', 'no such model')
    })
    await pulls.begin('m', false)
    await pulls.begin('refused', true)
    expect(pulls.all.value).toMatchObject([
      { state: 'failed', error: 'the answer broke off' },
      { state: 'failed', error: 'no such model', isInsecure: true },
    ])
  })

  it('runs once, and is cancelled by its name', async () => {
    const begun = vi.fn()
    const { pulls } = setUp(async function* (_, signal) {
      begun()
      yield { status: 'pulling manifest' }
      await untilStopped(signal)
    })
    const first = pulls.begin('m', false)
    await pulls.begin('m', false)
    pulls.dismiss('m')
    expect([begun.mock.calls.length, pulls.all.value.length]).toEqual([1, 1])
    pulls.cancel('m')
    await first
    expect(pulls.all.value).toMatchObject([{ state: 'stopped' }])
  })
})
