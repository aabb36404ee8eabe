import { describe, expect, it } from 'vitest'
import { AppError } from '../../base/errors.ts'
import { collect, describeRunner, greedyRequest } from './conformance.ts'
import { createFakeLoader, createFakeRunner, FAKE_SPEC, type FakeRunner } from './fake.ts'

describeRunner('the fake runner', () => ({
  load: createFakeLoader().load,
  spec: FAKE_SPEC,
  kill: (runner) => (runner as FakeRunner).crash(),
}))

describe('createFakeRunner', () => {
  it('answers what the test has scripted and keeps what was asked', async () => {
    const runner = createFakeRunner({ reply: (request, index) => `${request.maxTokens} and ${index}` })
    expect((await collect(runner.complete(greedyRequest({ maxTokens: 9 })))).text).toBe('9 and 0')
    const second = await collect(runner.complete(greedyRequest()))
    expect(second.text).toBe('16 and 1')
    expect(second.end).toMatchObject({ reason: 'stop', evalTokens: 3 })
    expect(runner.requests).toHaveLength(2)
  })

  it('takes a list piece by piece and ends as scripted', async () => {
    const runner = createFakeRunner({ reply: () => ({ pieces: ['<th', 'ink>', 'x'], end: 'repetition' }) })
    const { chunks } = await collect(runner.complete(greedyRequest()))
    expect(chunks.map((chunk) => (chunk.type === 'text' ? chunk.text : chunk.type === 'end' && chunk.reason))).toEqual([
      '<th',
      'ink>',
      'x',
      'repetition',
    ])
  })

  it('throws the scripted error after its pieces', async () => {
    const runner = createFakeRunner({ reply: () => ({ pieces: ['a'], end: new AppError('engine_error', 'boom') }) })
    await expect(collect(runner.complete(greedyRequest()))).rejects.toMatchObject({ code: 'engine_error' })
    expect(runner.activeCount).toBe(0)
  })

  it('stands still where the test holds it', async () => {
    let go = () => {}
    const held = new Promise<void>((resolve) => {
      go = resolve
    })
    const runner = createFakeRunner({ reply: () => ['a', 'b'], beforeToken: (_, position) => (position === 1 ? held : undefined) })
    const reader = runner.complete(greedyRequest())[Symbol.asyncIterator]()
    expect(await reader.next()).toEqual({ done: false, value: { type: 'text', text: 'a' } })
    const next = reader.next()
    expect(runner.activeCount).toBe(1)
    go()
    expect(await next).toEqual({ done: false, value: { type: 'text', text: 'b' } })
  })
})

describe('createFakeLoader', () => {
  it('keeps the loads and lets one fail', async () => {
    const loader = createFakeLoader({
      beforeLoad: (_, index) => {
        if (index === 0) throw new AppError('load_failed', 'no')
      },
    })
    await expect(loader.load(FAKE_SPEC, {})).rejects.toMatchObject({ code: 'load_failed' })
    const runner = await loader.load({ ...FAKE_SPEC, contextTokens: 99 }, {})
    expect(runner.facts.contextTokens).toBe(99)
    expect(loader.loads.map((entry) => entry.runner === runner)).toEqual([false, true])
  })
})
