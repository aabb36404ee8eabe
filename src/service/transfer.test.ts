import { describe, expect, it } from 'vitest'
import type { Progress, Registry } from '../registry/registry.ts'
import { pullModel, pushModel } from './transfer.ts'

const signal = new AbortController().signal

function createFakeRegistry(): Registry & { asked: unknown[] } {
  const asked: unknown[] = []
  const take = (verb: string) =>
    async function* (what: unknown, { signal: _, ...options }: { signal?: AbortSignal }): AsyncGenerator<Progress> {
      asked.push([verb, String(what instanceof URL ? what : (what as { model: string }).model), options])
      yield { status: 'success' }
    }
  return { asked, pull: take('pull'), pullFile: take('pullFile'), push: take('push') }
}

async function collect(progress: AsyncIterable<Progress>): Promise<Progress[]> {
  const items: Progress[] = []
  for await (const item of progress) items.push(item)
  return items
}

describe('a transfer', () => {
  it('goes to the registry with what was asked for', async () => {
    const registry = createFakeRegistry()
    await collect(pullModel({ model: 'm', limitBytesPerSecond: 5 }, { registry }, signal))
    await collect(pullModel({ model: 'https://h.example/a.gguf' }, { registry }, signal))
    await collect(pullModel({ model: 'http://h.example/ns/plain', insecure: true }, { registry }, signal))
    await collect(pushModel({ model: 'ns/m' }, registry, signal))
    expect(registry.asked).toEqual([
      ['pull', 'm', { insecure: false, limitBytesPerSecond: 5 }],
      ['pullFile', 'https://h.example/a.gguf', { insecure: false }],
      ['pull', 'plain', { insecure: true }],
      ['push', 'm', { insecure: false }],
    ])
  })

  it.each(['http://h.example/ns/m', 'HTTP://h.example/ns/m', ' http://h.example/a.gguf'])(
    'of %s is refused unless plain http was asked for',
    async (model) => {
      const registry = createFakeRegistry()
      const error = { code: 'invalid_request', message: 'insecure protocol http' }
      await expect(collect(pullModel({ model }, { registry }, signal))).rejects.toMatchObject(error)
      await expect(collect(pushModel({ model }, registry, signal))).rejects.toMatchObject(error)
      expect(registry.asked).toEqual([])
    },
  )

  it.each([
    ['a b', 'registry.ollama.ai/library/a b:latest'],
    ['  ', 'registry.ollama.ai/library/  :latest'],
    ['x:', 'registry.ollama.ai/library/x:!MISSING!'],
    ['x:local:cloud', 'registry.ollama.ai/library/x:local:cloud'],
    [':latest', 'registry.ollama.ai/library/!MISSING!:latest'],
    ['n.s/x:y', 'registry.ollama.ai/n.s/x:y'],
    ['a//b', 'a/!MISSING!/b:latest'],
    ['https://[::1]:1/a/b', '[::1]:1/a/b:latest'],
    ['a/b/c/d', 'a/b/c/d:latest'],
  ])('to the registry of %j fails after it has begun', async (model, spelt) => {
    const begun: Progress[] = []
    const push = async () => {
      for await (const progress of pushModel({ model }, createFakeRegistry(), signal)) begun.push(progress)
    }
    await expect(push()).rejects.toMatchObject({ code: 'invalid_model_name', message: `unqualified name: ${spelt}` })
    expect(begun.map(({ status }) => status)).toEqual(['retrieving manifest', "couldn't retrieve manifest"])
    await expect(collect(pushModel({ model: '' }, createFakeRegistry(), signal))).rejects.toMatchObject({ code: 'model_required' })
  })

  it('of a model of the cloud is refused', async () => {
    const registry = createFakeRegistry()
    await expect(collect(pullModel({ model: 'm:cloud' }, { registry }, signal))).rejects.toMatchObject({ code: 'cloud_disabled' })
  })
})
