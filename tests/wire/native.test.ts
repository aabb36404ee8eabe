import { describe, expect, it } from 'vitest'
import { AppError } from '../../src/base/errors.ts'
import type { ChatEvent, Logprob } from '../../src/chat/event.ts'
import { eventsOf, finish, listedModel, runningModel, shownModel, timings } from '../../src/http/testing/fake-service.ts'
import { records, send, sendJson, startWire } from './harness.ts'

const text = (value: string, logprobs?: Logprob[]): ChatEvent => ({ type: 'text-delta', text: value, ...(logprobs ? { logprobs } : {}) })
const thinking = (value: string): ChatEvent => ({ type: 'thinking-delta', text: value })
const call: ChatEvent = { type: 'tool-call', call: { id: 'call_1', function: { index: 0, name: 'f', arguments: { z: 1, a: '<' } } } }
const logprob: Logprob = { token: 'a', logprob: -0.5, bytes: [97], top: [{ token: 'b', logprob: -1, bytes: [] }] }
const metrics = {
  total_duration: 5_000_000,
  load_duration: 1_000_000,
  prompt_eval_count: 12,
  prompt_eval_duration: 2_000_000,
  eval_count: 3,
  eval_duration: 1_500_000,
}
const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d*[1-9])?Z$/)
const JSON_UTF8 = 'application/json; charset=utf-8'
const user = { role: 'user', content: 'x' }

describe('generate', () => {
  it('streams deltas and ends with what it took', async () => {
    await using server = await startWire({ generate: () => eventsOf(thinking('hm'), text('a'), text(''), text('b', [logprob]), finish) })
    const got = records(await sendJson(server, '/api/generate', { model: 'M', prompt: 'x' }))
    const head = { model: 'M', created_at: time }
    expect(got).toEqual([
      { ...head, response: '', thinking: 'hm', done: false },
      { ...head, response: 'a', done: false },
      {
        ...head,
        response: 'b',
        done: false,
        logprobs: [{ token: 'a', logprob: -0.5, bytes: [97], top_logprobs: [{ token: 'b', logprob: -1 }] }],
      },
      { ...head, response: '', done: true, done_reason: 'stop', ...metrics },
    ])
    expect(Object.keys(got[0] ?? {})).toEqual(['model', 'created_at', 'response', 'thinking', 'done'])
  })

  it('folds all of it into one object, in the order of Ollama', async () => {
    const end: ChatEvent = { ...finish, type: 'finish', reason: 'length', timings: { ...timings, cachedTokens: 4 }, context: [1, 2] }
    await using server = await startWire({ generate: () => eventsOf(thinking('hm'), text('a', [logprob]), call, text('b'), end) })
    const answer = await sendJson(server, '/api/generate', { model: 'm', prompt: 'x', stream: false })
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': JSON_UTF8 } })
    expect(answer.text.endsWith('}')).toBe(true)
    const body = JSON.parse(answer.text)
    expect(body).toMatchObject({ response: 'ab', thinking: 'hm', done: true, done_reason: 'length', context: [1, 2] })
    expect(body.tool_calls).toEqual([{ function: { index: 0, name: 'f', arguments: { z: 1, a: '<' } } }])
    expect(Object.keys(body)).toEqual([
      'model',
      'created_at',
      'response',
      'thinking',
      'done',
      'done_reason',
      'context',
      'total_duration',
      'load_duration',
      'prompt_eval_count',
      'prompt_eval_cached_count',
      'prompt_eval_duration',
      'eval_count',
      'eval_duration',
      'tool_calls',
      'logprobs',
    ])
  })

  it('is one object for load, unload and a rendered prompt, also where a stream was asked for', async () => {
    const single = async (event: ChatEvent) => {
      await using server = await startWire({ generate: () => eventsOf(event) })
      const answer = await sendJson(server, '/api/generate', { model: 'm' })
      expect(answer.headers['content-type']).toBe(JSON_UTF8)
      return JSON.parse(answer.text)
    }
    const head = { model: 'm', created_at: time, response: '' }
    expect(await single({ type: 'loaded' })).toEqual({ ...head, done: true, done_reason: 'load' })
    expect(await single({ type: 'unloaded' })).toEqual({ ...head, done: true, done_reason: 'unload' })
    expect(await single({ type: 'rendered', prompt: '<p>', imageCount: 0 })).toEqual({
      ...head,
      done: false,
      _debug_info: { rendered_template: '<p>' },
    })
    expect(await single({ type: 'rendered', prompt: 'p', imageCount: 2 })).toMatchObject({ _debug_info: { image_count: 2 } })
  })

  it('hands the request on as the domain has it', async () => {
    await using server = await startWire({ generate: () => eventsOf(finish) })
    await sendJson(server, '/api/generate', {
      model: 'm',
      prompt: 'p',
      suffix: 's',
      context: [1],
      raw: true,
      images: ['aGk='],
      format: { type: 'object' },
      keep_alive: '1m',
      options: { seed: 1 },
      think: 'high',
      truncate: false,
      logprobs: true,
      unknown: 1,
    })
    expect(server.service.calls[0]?.request).toEqual({
      model: 'm',
      prompt: 'p',
      suffix: 's',
      context: [1],
      raw: true,
      images: [Buffer.from('hi')],
      format: { type: 'schema', schema: { type: 'object' } },
      keepAliveNs: 60e9,
      options: { seed: 1 },
      think: 'high',
      truncate: false,
      topLogprobs: 0,
      tellsCut: true,
    })
  })

  it.each([
    [{ format: 'json' }, { type: 'json' }],
    [{ format: '' }, undefined],
    [{ format: null }, undefined],
    [{ format: 'xml' }, { type: 'unknown', sent: '"xml"' }],
    [{ format: 5 }, { type: 'unknown', sent: '5' }],
    [{ format: ['json'] }, { type: 'unknown', sent: '["json"]' }],
  ])('reads %j', async (fields, format) => {
    await using server = await startWire({ generate: () => eventsOf(finish) })
    await sendJson(server, '/api/generate', { model: 'm', prompt: 'p', ...fields })
    expect(server.service.calls[0]?.request).toEqual({ model: 'm', prompt: 'p', ...(format ? { format } : {}), tellsCut: true })
  })

  it.each([-1, 21])('refuses %i alternatives per token', async (top) => {
    await using server = await startWire()
    const answer = await sendJson(server, '/api/generate', { model: 'm', prompt: 'p', top_logprobs: top })
    expect(answer).toMatchObject({ status: 400, text: '{"error":"top_logprobs must be between 0 and 20"}' })
  })

  it('says what was cut from the prompt, in a header too', async () => {
    const cut = { type: 'finish' as const, reason: 'repetition' as const, timings, truncation: { droppedMessages: 2, droppedTokens: 300 } }
    const { truncation } = cut
    await using server = await startWire({ generate: () => eventsOf({ type: 'cut', truncation }, text('a'), cut) })
    const whole = await sendJson(server, '/api/generate', { model: 'm', prompt: 'p', stream: false })
    const said = { truncated: true, prompt_dropped_messages: 2, prompt_dropped_tokens: 300 }
    expect(JSON.parse(whole.text)).toMatchObject({ ...said, done_reason: 'repetition' })
    expect(whole.headers['x-llamero-truncated']).toBe('true')
    const streamed = await sendJson(server, '/api/generate', { model: 'm', prompt: 'p' })
    expect(records(streamed)).toMatchObject([{ response: 'a' }, said])
    expect(streamed.headers['x-llamero-truncated']).toBe('true')
  })

  it('says at the end alone what was lost while it wrote', async () => {
    const lost = { type: 'finish' as const, reason: 'stop' as const, timings, truncation: { droppedMessages: 0, droppedTokens: 30 } }
    await using server = await startWire({ generate: () => eventsOf(text('a'), lost) })
    const streamed = await sendJson(server, '/api/generate', { model: 'm', prompt: 'p' })
    expect(records(streamed).at(-1)).toMatchObject({ truncated: true, prompt_dropped_tokens: 30 })
    expect(streamed.headers).not.toHaveProperty('x-llamero-truncated')
  })
})

describe('chat', () => {
  it('streams thinking, text and calls, and ends with what it took', async () => {
    await using server = await startWire({ chat: () => eventsOf(thinking('hm'), text('a'), call, finish) })
    const got = records(await sendJson(server, '/api/chat', { model: 'm', messages: [user] }))
    const head = { model: 'm', created_at: time }
    const message = { role: 'assistant', content: '' }
    const toolCalls = [{ id: 'call_1', function: { index: 0, name: 'f', arguments: { z: 1, a: '<' } } }]
    expect(got).toEqual([
      { ...head, message: { ...message, thinking: 'hm' }, done: false },
      { ...head, message: { ...message, content: 'a' }, done: false },
      { ...head, message: { ...message, tool_calls: toolCalls }, done: false },
      { ...head, message, done: true, done_reason: 'stop', ...metrics },
    ])
  })

  it('folds all of it into one object', async () => {
    await using server = await startWire({
      chat: () => eventsOf(thinking('h'), thinking('m'), text('a', [logprob]), call, text('b'), finish),
    })
    const body = JSON.parse((await sendJson(server, '/api/chat', { model: 'm', messages: [user], stream: false })).text)
    expect(body).toMatchObject({ message: { role: 'assistant', content: 'ab', thinking: 'hm' }, done: true, done_reason: 'stop' })
    expect(body.message.tool_calls).toHaveLength(1)
    expect(Object.keys(body).slice(0, 7)).toEqual(['model', 'created_at', 'message', 'done', 'done_reason', 'logprobs', 'total_duration'])
  })

  it('is one object for load and a rendered prompt', async () => {
    await using loading = await startWire({ chat: () => eventsOf<ChatEvent>({ type: 'loaded' }) })
    const loaded = await sendJson(loading, '/api/chat', { model: 'm' })
    const message = { role: 'assistant', content: '' }
    expect(JSON.parse(loaded.text)).toEqual({ model: 'm', created_at: time, message, done: true, done_reason: 'load' })
    await using rendering = await startWire({ chat: () => eventsOf<ChatEvent>({ type: 'rendered', prompt: 'p', imageCount: 0 }) })
    const rendered = await sendJson(rendering, '/api/chat', { model: 'm', messages: [user], _debug_render_only: true })
    expect(JSON.parse(rendered.text)).toMatchObject({ message: { role: '', content: '' }, done: false })
  })

  it('hands messages and tools on as the domain has them', async () => {
    await using server = await startWire({ chat: () => eventsOf(finish) })
    const tool = { type: 'function', function: { name: 'f', parameters: { type: 'object', additionalProperties: false } } }
    await sendJson(server, '/api/chat', {
      model: 'm',
      messages: [
        { role: 'USER', content: 'x', images: ['aGk='] },
        { role: 'assistant', thinking: 't', tool_calls: [{ id: 'c', function: { name: 'f', arguments: { b: 1, a: 2 } } }, {}] },
        { role: 'tool', content: 'r', tool_name: 'f', tool_call_id: 'c' },
        null,
      ],
      tools: [tool],
      keep_alive: -1,
    })
    expect(server.service.calls[0]?.request).toEqual({
      model: 'm',
      keepAliveNs: Number.POSITIVE_INFINITY,
      messages: [
        { role: 'user', content: 'x', images: [Buffer.from('hi')] },
        {
          role: 'assistant',
          content: '',
          thinking: 't',
          toolCalls: [
            { id: 'c', function: { index: 0, name: 'f', arguments: { b: 1, a: 2 } } },
            { function: { index: 0, name: '', arguments: {} } },
          ],
        },
        { role: 'tool', content: 'r', toolName: 'f', toolCallId: 'c' },
        { role: '', content: '' },
      ],
      tools: [tool],
      tellsCut: true,
    })
  })

  it('loses the charset where a streaming run fails before its first record', async () => {
    const failing = () => eventsOf<ChatEvent>(new AppError('context_exceeded', 'too long'))
    await using server = await startWire({ chat: failing })
    const streamed = await sendJson(server, '/api/chat', { model: 'm', messages: [user] })
    expect(streamed).toMatchObject({ status: 400, text: '{"error":"too long"}', headers: { 'content-type': 'application/json' } })
    const whole = await sendJson(server, '/api/chat', { model: 'm', messages: [user], stream: false })
    expect(whole).toMatchObject({ status: 400, headers: { 'content-type': JSON_UTF8 } })
  })
})

describe('embed and embeddings', () => {
  const embed = async ({ inputs }: { inputs: readonly unknown[] }) => ({
    embeddings: inputs.map(() => Float32Array.of(0.1, -0.25)),
    totalNs: 7.6,
    loadNs: 2,
    promptTokens: inputs.length,
  })

  it('answers with a vector per text', async () => {
    await using server = await startWire({ embed })
    const request = { model: 'm', input: ['a', ''], truncate: false, dimensions: 2, keep_alive: 1 }
    const answer = await sendJson(server, '/api/embed', request)
    expect(answer.text).toBe(
      '{"model":"m","embeddings":[[0.1,-0.25],[0.1,-0.25]],"total_duration":8,"load_duration":2,"prompt_eval_count":2}',
    )
    expect(server.service.calls[0]?.request).toEqual({ model: 'm', inputs: ['a', ''], truncate: false, dimensions: 2, keepAliveNs: 1e9 })
  })

  it('says where a text was cut, in the body and in a header', async () => {
    const cut = async (request: { inputs: readonly unknown[] }) => ({ ...(await embed(request)), droppedTokens: 138 })
    await using server = await startWire({ embed: cut })
    const { text: body, headers } = await sendJson(server, '/api/embed', { model: 'm', input: 'long' })
    expect(JSON.parse(body)).toMatchObject({ prompt_eval_count: 1, truncated: true, prompt_dropped_tokens: 138 })
    expect(headers).toMatchObject({ 'x-llamero-truncated': 'true' })
  })

  it.each([[undefined], [null], [''], [[]]])('only loads the model for the input %j', async (input) => {
    await using server = await startWire({ embed })
    expect((await sendJson(server, '/api/embed', { model: 'm', input })).text).toBe('{"model":"m","embeddings":[]}')
  })

  it.each([[5], [true], [{}], [['a', 2]]])('refuses the input %j', async (input) => {
    await using server = await startWire({ embed })
    expect(await sendJson(server, '/api/embed', { model: 'm', input })).toMatchObject({
      status: 400,
      text: '{"error":"invalid input type"}',
    })
    expect(await sendJson(server, '/api/embed', { input })).toMatchObject({ status: 404, text: `{"error":"model '' not found"}` })
    expect(await sendJson(server, '/api/embed', { model: 'a b', input })).toMatchObject({
      status: 400,
      text: '{"error":"invalid model name"}',
    })
  })

  it('writes the older answer with numbers of 64 bits', async () => {
    await using server = await startWire({ embed })
    expect((await sendJson(server, '/api/embeddings', { model: 'm', prompt: 'x' })).text).toBe('{"embedding":[0.10000000149011612,-0.25]}')
    expect((await sendJson(server, '/api/embeddings', { model: 'm' })).text).toBe('{"embedding":[]}')
    expect(server.service.calls[0]?.request).toEqual({ model: 'm', inputs: ['x'], truncate: false, normalize: false })
  })
})

describe('models', () => {
  it('are listed', async () => {
    await using server = await startWire({ list: async () => [listedModel] })
    const answer = await send(server, { method: 'GET', path: '/api/tags?x=1' })
    const { models } = JSON.parse(answer.text)
    expect(models).toEqual([
      {
        name: 'small:latest',
        model: 'small:latest',
        modified_at: expect.stringMatching(/^2026-11-2\dT.*(Z|[+-]\d\d:\d\d)$/),
        size: 98_000_000,
        digest: 'ab'.repeat(32),
        details: { ...listedModel.details, context_length: 8192, embedding_length: 576 },
        capabilities: ['completion'],
      },
    ])
  })

  it('that are loaded are listed, the one that stays longest first', async () => {
    const forever = { ...runningModel, name: 'forever:latest', expiresMs: Number.POSITIVE_INFINITY }
    await using server = await startWire({ running: () => [runningModel, forever, { ...forever, name: 'too:latest' }] })
    const { models } = JSON.parse((await send(server, { method: 'GET', path: '/api/ps' })).text)
    expect(models.map((model: { name: string }) => model.name)).toEqual(['forever:latest', 'too:latest', 'small:latest'])
    expect(models[2]).toEqual({
      name: 'small:latest',
      model: 'small:latest',
      size: 120_000_000,
      digest: 'ab'.repeat(32),
      details: runningModel.details,
      expires_at: expect.any(String),
      size_vram: 0,
      context_length: 4096,
    })
    expect(new Date(models[0].expires_at).getFullYear()).toBeGreaterThan(2300)
  })

  it('are shown, under the older word for their name too', async () => {
    await using server = await startWire({ show: async () => structuredClone(shownModel) })
    const answer = await sendJson(server, '/api/show', { name: 'small', verbose: true, options: { seed: 1 } })
    expect(server.service.calls[0]?.request).toEqual({ model: 'small', verbose: true, options: { seed: 1 } })
    const body = JSON.parse(answer.text)
    expect(Object.keys(body)).toEqual([
      'license',
      'modelfile',
      'parameters',
      'template',
      'details',
      'messages',
      'model_info',
      'tensors',
      'capabilities',
      'modified_at',
    ])
    expect(body.messages).toEqual([{ role: 'user', content: 'hi' }])
    expect(Object.keys(body.model_info)).toEqual(['general.architecture', 'general.parameter_count', 'tokenizer.ggml.tokens'])
  })

  it('are shown to Copilot Chat under the name that it asked for', async () => {
    await using server = await startWire({ show: async () => structuredClone(shownModel) })
    const headers = { 'User-Agent': 'GitHubCopilotChat/1.2' }
    const answer = await send(server, { path: '/api/show', headers, body: '{"model":"small"}' })
    expect(JSON.parse(answer.text).model_info['general.basename']).toBe('small')
  })

  it('are copied and deleted without a word', async () => {
    await using server = await startWire({ copy: async () => {}, remove: async () => {} })
    for (const answer of [
      await sendJson(server, '/api/copy', { source: 'a', destination: 'b' }),
      await send(server, { method: 'DELETE', path: '/api/delete', body: '{"name":"a"}' }),
    ]) {
      expect(answer).toMatchObject({ status: 200, text: '', headers: { 'content-length': '0' } })
      expect(answer.headers['content-type']).toBeUndefined()
    }
    expect(await send(server, { method: 'DELETE', path: '/api/delete', body: '{}' })).toMatchObject({
      status: 400,
      text: '{"error":"model is required"}',
    })
  })
})

describe('progress', () => {
  const steps = [
    { status: 'pulling manifest' },
    { status: 'pulling abc', digest: 'sha256:abc', totalBytes: 10, completedBytes: 0 },
    { status: 'success' },
  ]

  it.each(['pull', 'push', 'create'] as const)('of %s is a stream, or its end', async (verb) => {
    await using server = await startWire({ [verb]: () => eventsOf(...steps) })
    const streamed = await sendJson(server, `/api/${verb}`, { model: 'm' })
    expect(streamed.headers['content-type']).toBe('application/x-ndjson')
    expect(records(streamed)).toEqual([
      { status: 'pulling manifest' },
      { status: 'pulling abc', digest: 'sha256:abc', total: 10 },
      { status: 'success' },
    ])
    const whole = await sendJson(server, `/api/${verb}`, { name: 'm', stream: false })
    expect(whole).toMatchObject({ status: 200, text: '{"status":"success"}', headers: { 'content-type': 'application/json' } })
  })

  it.each(['pull', 'push'] as const)('of %s goes at the rate that the request allows', async (verb) => {
    await using server = await startWire({ [verb]: () => eventsOf(...steps) })
    await sendJson(server, `/api/${verb}`, { model: 'm', insecure: true, limit_rate: 1000 })
    expect(server.service.calls[0]?.request).toEqual({ model: 'm', insecure: true, limitBytesPerSecond: 1000 })
    expect(await sendJson(server, `/api/${verb}`, { model: 'm', limit_rate: 0 })).toMatchObject({
      status: 400,
      text: '{"error":"limit_rate must be one byte per second or more"}',
    })
  })

  it('that fails late is a line of the stream, or the status of the whole', async () => {
    const failing = () => eventsOf<{ status: string }>({ status: 'pulling manifest' }, new AppError('registry_not_found', 'not there'))
    await using server = await startWire({ pull: failing })
    expect(records(await sendJson(server, '/api/pull', { model: 'm' }))).toEqual([{ status: 'pulling manifest' }, { error: 'not there' }])
    expect(await sendJson(server, '/api/pull', { model: 'm', stream: false })).toMatchObject({
      status: 500,
      text: '{"error":"not there"}',
      headers: { 'content-type': 'application/json' },
    })
  })

  it('keeps the charset for a name that is wrong', async () => {
    const refusing = () =>
      eventsOf<{ status: string }>(new AppError('invalid_model_name', 'invalid model name', { details: { model: '../x' } }))
    await using server = await startWire({ pull: refusing, create: refusing })
    const error = { status: 400, text: '{"error":"invalid model name"}', headers: { 'content-type': JSON_UTF8 } }
    expect(await sendJson(server, '/api/pull', { model: '../x' })).toMatchObject(error)
    expect(await sendJson(server, '/api/create', { model: '../x', from: 'a' })).toMatchObject(error)
    const otherName = await sendJson(server, '/api/create', { model: 'fine', from: '../x' })
    expect(otherName.headers['content-type']).toBe('application/json')
  })

  it('of create gets the request as the domain has it', async () => {
    await using server = await startWire({ create: () => eventsOf(...steps) })
    await sendJson(server, '/api/create', {
      name: 'm',
      from: 'base',
      license: 'MIT',
      messages: [{ role: 'User', content: 'hi' }],
      quantization: 'Q8_0',
      parameters: { seed: 1 },
      info: { model_family: 'f' },
    })
    expect(server.service.calls[0]?.request).toEqual({
      model: 'm',
      from: 'base',
      license: ['MIT'],
      messages: [{ role: 'user', content: 'hi' }],
      quantize: 'Q8_0',
      parameters: { seed: 1 },
      info: { model_family: 'f' },
    })
  })

  it('of create does not begin for a wrong path or a wrong licence', async () => {
    await using server = await startWire({ create: () => eventsOf(...steps) })
    expect(await sendJson(server, '/api/create', { model: 'm', files: { '../x': 'sha256:a' } })).toMatchObject({
      status: 400,
      text: '{"error":"file path must be relative"}',
      headers: { 'content-type': JSON_UTF8 },
    })
    expect(await sendJson(server, '/api/create', { model: 'm', from: 'a', license: 5 })).toMatchObject({
      status: 400,
      text: '{"error":"json: cannot unmarshal number into Go value of type []string"}',
      headers: { 'content-type': 'application/json' },
    })
  })
})

describe('the rest', () => {
  it('tells the version of the API, and its own beside it', async () => {
    await using server = await startWire({}, { ownVersion: '1.2.3' })
    expect((await send(server, { method: 'GET', path: '/api/version' })).text).toBe('{"version":"0.33.0","llamero":"1.2.3"}')
  })

  it('answers for blobs', async () => {
    await using server = await startWire({ hasBlob: async (digest) => digest === 'sha256:here' })
    const head = async (digest: string) => (await send(server, { method: 'HEAD', path: `/api/blobs/${digest}` })).status
    expect([await head('sha256:here'), await head('sha256:gone')]).toEqual([200, 404])
  })

  it('repeats a digest that does not hold as it was sent', async () => {
    const details = { expected: 'sha256:aa', actual: 'sha256:bb' }
    await using server = await startWire({ putBlob: () => Promise.reject(new AppError('digest_mismatch', 'digest mismatch', { details })) })
    const answer = await send(server, { path: '/api/blobs/sha256-AA', body: 'x' })
    expect(answer).toMatchObject({ status: 400, text: '{"error":"digest mismatch, expected \\"sha256-AA\\", got \\"sha256:bb\\""}' })
  })

  it('turns text into tokens and back', async () => {
    await using server = await startWire({ tokenize: async () => [1, 2], detokenize: async () => 'hi' })
    expect((await sendJson(server, '/api/tokenize', { model: 'm', text: 'hi' })).text).toBe('{"model":"m","tokens":[1,2]}')
    expect((await sendJson(server, '/api/detokenize', { model: 'm', tokens: [1, 2] })).text).toBe('{"model":"m","text":"hi"}')
    expect(server.service.calls.map(({ request }) => request)).toEqual([
      { model: 'm', text: 'hi' },
      { model: 'm', tokens: [1, 2] },
    ])
  })

  it.each([
    ['GET', '/api/status', 200, '{"cloud":{"disabled":true,"source":"config"}}'],
    ['POST', '/api/me', 401, '{"error":"unauthorized"}'],
    ['POST', '/api/signout', 401, '{"error":"you are not currently signed in"}'],
    ['DELETE', '/api/user/keys/abc', 401, '{"error":"you are not currently signed in"}'],
    ['GET', '/api/experimental/model-recommendations', 200, '{"recommendations":[]}'],
  ])('%s %s says that there is no cloud', async (method, path, status, body) => {
    await using server = await startWire()
    expect(await send(server, { method, path })).toMatchObject({ status, text: body })
  })

  it('does not search the web', async () => {
    await using server = await startWire()
    expect(await sendJson(server, '/api/experimental/web_search', { query: 'x' })).toMatchObject({
      status: 403,
      text: '{"error":"ollama cloud is disabled: web search is unavailable"}',
    })
    expect(await send(server, { path: '/api/experimental/web_fetch' })).toMatchObject({
      status: 400,
      text: '{"error":"missing request body"}',
    })
  })
})
