import { describe, expect, it } from 'vitest'
import { silentLog } from '../base/log.ts'
import { createRunServices } from './run-services.ts'
import { createStage } from './testing/stage.ts'

const never = new AbortController().signal

describe('tokens', () => {
  it('are those of the vocabulary, special ones included, without any added', async () => {
    const { add, services } = createStage({ runner: () => ({ facts: { addsBos: true } }) })
    add('m')
    expect(await services.tokenize({ model: 'm', text: 'a<s>' }, never)).toEqual([97, 256])
    expect(await services.detokenize({ model: 'm', tokens: [97, 256] }, never)).toBe('a<s>')
  })

  it('of an unknown model are not to be had', async () => {
    const { services } = createStage()
    await expect(services.tokenize({ model: 'm', text: 'a' }, never)).rejects.toMatchObject({ code: 'model_not_found' })
  })

  it('let the runner go with the keep-alive asked for', async () => {
    const { add, services } = createStage()
    add('m')
    await services.tokenize({ model: 'm', text: 'a', keepAliveNs: 0 }, never)
    expect(services.running()).toEqual([])
  })
})

describe('running models', () => {
  it('are listed with what /api/ps shows, those that stay longest first', async () => {
    const { add, services, clock } = createStage()
    const stored = add('short')
    add('forever', { layers: { model: '{"general.architecture":"x"}' } })
    await services.tokenize({ model: 'short', text: 'a', keepAliveNs: 60e9 }, never)
    await services.tokenize({ model: 'forever', text: 'a', keepAliveNs: Number.POSITIVE_INFINITY }, never)
    expect(services.running()).toEqual([
      expect.objectContaining({ name: 'forever:latest', expiresMs: Number.POSITIVE_INFINITY }),
      {
        name: 'short:latest',
        digestHex: stored.digestHex,
        details: {
          parent_model: '',
          format: 'gguf',
          family: 'llama',
          families: ['llama'],
          parameter_size: '135M',
          quantization_level: 'Q4_1',
        },
        sizeBytes: 1_000_000,
        sizeVramBytes: 0,
        contextTokens: 4096,
        expiresMs: clock.nowMs() + 60_000,
      },
    ])
  })

  it('are one for two names of the same file, and a second model takes the adapters into account', async () => {
    const { add, services, loader } = createStage()
    add('m')
    add('alias')
    add('adapted', { layers: { adapter: 'lora' } })
    for (const model of ['m', 'alias']) await services.tokenize({ model, text: 'a' }, never)
    expect(loader.loads).toHaveLength(1)
    await services.tokenize({ model: 'adapted', text: 'a' }, never)
    expect(loader.loads).toHaveLength(2)
    expect(services.running().map(({ name }) => name)).toEqual(['adapted:latest'])
  })
})

describe('call ids', () => {
  it('have eight letters or digits', async () => {
    const { add, reader, scheduler, clock } = createStage({ runner: () => ({ reply: () => '{"name": "f", "arguments": {}}' }) })
    add('m', { layers: { template: '{{ .Tools }}{{ range .Messages }}{{ .Content }}{{ .ToolCalls }}{{ end }}' } })
    const services = createRunServices({ reader, scheduler, clock, log: silentLog })
    const tools = [{ type: 'function', function: { name: 'f' } }]
    for await (const event of services.chat({ model: 'm', messages: [{ role: 'user', content: 'x' }], tools }, never)) {
      if (event.type === 'tool-call') expect(event.call.id).toMatch(/^call_[a-z0-9]{8}$/)
    }
    expect.assertions(1)
  })
})
