import { describe, expect, it } from 'vitest'
import type { GgufHead } from '../gguf/types.ts'
import { findLayers } from '../model/manifest.ts'
import { MEDIA_TYPES } from '../model/media-type.ts'
import { parseModelName } from '../model/name.ts'
import { toLoadTarget } from './load-target.ts'
import { createModelReader } from './model.ts'
import { parseMessagesLayer, parseParamsLayer } from './model-layers.ts'
import { parseModelReference } from './model-reference.ts'
import { createStage, PLAIN_FILE, POOLING_FILE } from './testing/stage.ts'

function setUp() {
  const { add, reader, store } = createStage()
  return { add, store, reader, read: (name: string) => reader.read(parseModelName(name)) }
}

describe('a model', () => {
  it('is what its layers say', async () => {
    const { add, read } = setUp()
    add('m', {
      config: { capabilities: ['vision'] },
      layers: {
        template: '{{ .Tools }}',
        system: 'Be brief.',
        params: '{"top_k":3}',
        messages: '[{"role":"User","content":"hi"}]',
        license: ['first', 'second'],
        adapter: 'lora',
      },
    })
    expect(await read('M')).toMatchObject({
      goTemplate: '{{ .Tools }}',
      system: 'Be brief.',
      params: { top_k: 3 },
      messages: [{ role: 'user', content: 'hi' }],
      licenses: ['first', 'second'],
      adapterPaths: [expect.stringMatching(/^memory\/sha256:/)],
      capabilities: ['vision', 'completion', 'tools'],
      parameterCount: 135_000_000,
      details: { parent_model: '', format: 'gguf', family: 'llama', parameter_size: '135M', quantization_level: 'Q4_1' },
      templateKind: 'go',
    })
  })

  it('has the last of its drafts, and one whose file says nothing without its sizes', async () => {
    const { add, read, reader } = setUp()
    add('m', { layers: { draft: ['{"general.name":"first"}', JSON.stringify(PLAIN_FILE)] } })
    const { draft } = await read('m')
    expect(draft).toMatchObject({ weightsBytes: JSON.stringify(PLAIN_FILE).length, architecture: { blockCount: 30 } })
    expect(toLoadTarget(await read('m')).draft).toBe(draft)
    const stored = add('n', { layers: { draft: ['{}', 'none'] } })
    expect((await reader.describe(stored)).draft).toEqual({ modelPath: expect.any(String), weightsBytes: 4 })
  })

  it('is read once for all who ask at once, after it was read once', async () => {
    const { add, store } = setUp()
    add('m')
    let reads = 0
    const readHead = async () => {
      reads++
      return {
        metadata: new Map([['general.architecture', 'llama']]),
        tensors: [],
        parameterCount: 1,
        fileSizeBytes: 1,
      } as unknown as GgufHead
    }
    const reader = createModelReader({ store, readHead, nowMs: () => 0 })
    await reader.read(parseModelName('m'))
    await Promise.all([1, 2, 3].map(() => reader.read(parseModelName('m'))))
    expect(reads).toBe(1)
  })

  it('has the chat template of its file', async () => {
    const { store, read } = setUp()
    store.add('m', { layers: { model: JSON.stringify({ ...PLAIN_FILE, 'tokenizer.chat_template': '{{ messages }}' }) } })
    expect(await read('m')).toMatchObject({ chatTemplate: '{{ messages }}', templateKind: 'jinja' })
    expect(await read('m')).not.toHaveProperty('goTemplate')
  })

  it('takes the later of two parameter layers, key by key', async () => {
    const { add, read } = setUp()
    add('m', { layers: { params: ['{"top_k":3,"seed":1}', '{"top_k":4}'] } })
    expect((await read('m')).params).toEqual({ top_k: 4, seed: 1 })
  })

  it('keeps the items of short arrays for the estimate and no others', async () => {
    const { add, read } = setUp()
    const heads = { itemType: 'uint32', length: 2, values: [0, 4] }
    add('m', { layers: { model: JSON.stringify({ ...PLAIN_FILE, 'llama.attention.head_count_kv': heads }) } })
    const { architecture, head } = await read('m')
    expect(architecture?.kvHeadCount).toBe(4)
    expect(head?.metadata.get('llama.attention.head_count_kv')).toEqual({ itemType: 'uint32', length: 2 })
  })

  it('is read once for each manifest, under whatever name', async () => {
    const { add, read, store } = setUp()
    add('m')
    add('copy')
    await read('m')
    const reads = store.textReads
    expect((await read('copy')).name.model).toBe('copy')
    expect(store.textReads).toBe(reads)
  })

  it('of another place has no file', async () => {
    const { store, read } = setUp()
    store.add('stub', { config: { model_format: '', remote_host: 'https://x', remote_model: 'y', capabilities: ['completion'] } })
    const model = await read('stub')
    expect(model.modelPath).toBeUndefined()
    expect(model.capabilities).toEqual(['completion'])
  })

  it('that pools embeds and does not complete', async () => {
    const { add, read } = setUp()
    add('m', { layers: { model: JSON.stringify(POOLING_FILE) } })
    expect((await read('m')).capabilities).toEqual(['embedding'])
  })
})

describe('a model is not found', () => {
  it('without a manifest', async () => {
    await expect(setUp().read('m')).rejects.toMatchObject({ code: 'model_not_found' })
  })

  it.each(['model', 'system', 'license'] as const)('without its %s', async (layer) => {
    const { add, read, store } = setUp()
    const { manifest } = add('m', { layers: { system: 'x', license: 'y' } })
    for (const { digest } of findLayers(manifest, MEDIA_TYPES[layer])) store.removeBlob(digest)
    await expect(read('m')).rejects.toMatchObject({ code: 'model_not_found' })
  })

  it('once its file has gone, though it was read before', async () => {
    const { add, read, store } = setUp()
    const { manifest } = add('m')
    await read('m')
    for (const { digest } of findLayers(manifest, MEDIA_TYPES.model)) store.removeBlob(digest)
    await expect(read('m')).rejects.toMatchObject({ code: 'model_not_found' })
  })
})

describe('a model that is damaged', () => {
  it('is named, with what helps', async () => {
    const { add, read } = setUp()
    add('m', { layers: { params: '{' } })
    await expect(read('m')).rejects.toMatchObject({
      code: 'store_corrupt',
      message: expect.stringMatching(/^model 'm:latest' cannot be read: .+ \(pull or create it again, or remove it\)$/),
    })
  })
})

describe('layers of JSON', () => {
  it('that are none are a corrupt store', () => {
    for (const parse of [parseParamsLayer, parseMessagesLayer]) {
      for (const text of ['{', '5', '"x"']) expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'store_corrupt' }))
    }
    expect(() => parseMessagesLayer('[5]')).toThrow(expect.objectContaining({ code: 'store_corrupt' }))
    expect(() => parseMessagesLayer('[{"tool_calls":[1]}]')).toThrow(expect.objectContaining({ code: 'store_corrupt' }))
  })

  it('of null are empty', () => {
    expect(parseParamsLayer('null')).toEqual({})
    expect(parseMessagesLayer('null')).toEqual([])
  })

  it('hold everything that a message may have', () => {
    const text = JSON.stringify([
      { role: 'assistant', content: '', thinking: 'hm', tool_calls: [{ id: 'c', function: { name: 'f', arguments: { b: 1, a: 2 } } }] },
      { role: 'tool', content: 'x', tool_name: 'f', tool_call_id: 'c', images: ['AQI='] },
    ])
    expect(parseMessagesLayer(text)).toEqual([
      {
        role: 'assistant',
        content: '',
        thinking: 'hm',
        toolCalls: [{ id: 'c', function: { index: 0, name: 'f', arguments: { b: 1, a: 2 } } }],
      },
      { role: 'tool', content: 'x', toolName: 'f', toolCallId: 'c', images: [new Uint8Array([1, 2])] },
    ])
  })
})

describe('a reference to a model', () => {
  it.each([
    ['m', 'm:latest', undefined],
    ['m:7b', 'm:7b', undefined],
    [' m ', 'm:latest', undefined],
    ['m:local', 'm:latest', 'local'],
    ['m:7b:LOCAL', 'm:7b', 'local'],
    ['m:cloud', 'm:latest', 'cloud'],
    ['m:7b-cloud', 'm:7b', 'cloud'],
    ['m-cloud', 'm-cloud:latest', undefined],
  ])('%j is %s from %s', (text, name, source) => {
    const reference = parseModelReference(text)
    expect([`${reference.name.model}:${reference.name.tag}`, reference.source]).toEqual([name, source])
  })

  it.each([
    ['', 'model_required'],
    [' \t', 'model_required'],
    ['a b', 'invalid_model_name'],
    ['m:', 'invalid_model_name'],
    [':cloud', 'invalid_model_name'],
    ['x:local:cloud', 'invalid_request'],
    ['x:7b-cloud:local', 'invalid_request'],
  ])('%j is refused with %s', (text, code) => {
    expect(() => parseModelReference(text)).toThrow(expect.objectContaining({ code }))
  })
})
