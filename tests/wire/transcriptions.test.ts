// A form with a recording becomes a chat, and its reply the words in it.

import { describe, expect, it } from 'vitest'
import { AppError } from '../../src/base/errors.ts'
import type { ChatEvent } from '../../src/chat/event.ts'
import { eventsOf, timings } from '../../src/http/testing/fake-service.ts'
import { type Answer, send, startWire, type WireServer } from './harness.ts'
import { sseData } from './sse.ts'

const PATH = '/v1/audio/transcriptions'
const WAV = new Uint8Array(Buffer.from('RIFF....WAVE'))

type Fields = Record<string, string | Uint8Array>

const spoken = () =>
  eventsOf<ChatEvent>(
    { type: 'thinking-delta', text: 'hm' },
    { type: 'text-delta', text: ' Good' },
    { type: 'text-delta', text: ' day. ' },
    { type: 'finish', reason: 'stop', timings },
  )

async function sendForm(server: WireServer, fields: Fields): Promise<Answer> {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === 'string') form.append(name, value)
    else form.append(name, new Blob([Buffer.from(value)]), 'speech.wav')
  }
  const { headers, body } = await toRequest(form)
  return send(server, { path: PATH, headers, body })
}

async function toRequest(form: FormData): Promise<{ headers: Record<string, string>; body: Uint8Array }> {
  const request = new Request('http://here', { method: 'POST', body: form })
  return { headers: { 'content-type': request.headers.get('content-type') ?? '' }, body: new Uint8Array(await request.arrayBuffer()) }
}

async function transcribe(fields: Fields) {
  await using server = await startWire({ chat: spoken })
  const answer = await sendForm(server, fields)
  return { answer, requests: server.service.calls.filter(({ name }) => name === 'chat').map(({ request }) => request) }
}

describe('a transcription', () => {
  it('is what the model writes, as JSON', async () => {
    const { answer, requests } = await transcribe({ model: 'ears', file: WAV })
    expect(answer).toMatchObject({ status: 200, text: '{"text":"Good day."}' })
    expect(answer.headers['content-type']).toBe('application/json')
    expect(answer.headers['x-llamero-warnings']).toBeUndefined()
    expect(requests).toMatchObject([
      {
        model: 'ears',
        needs: ['audio'],
        truncate: false,
        options: { temperature: 0 },
        messages: [{ role: 'system' }, { role: 'user', images: [Buffer.from(WAV)] }],
      },
    ])
  })

  it('is plain text where that is asked for', async () => {
    const { answer } = await transcribe({ model: 'ears', file: WAV, response_format: 'text' })
    expect(answer).toMatchObject({ status: 200, text: 'Good day.' })
    expect(answer.headers['content-type']).toBe('text/plain')
  })

  it('comes as events where a stream is asked for', async () => {
    const { answer } = await transcribe({ model: 'ears', file: WAV, stream: 'true' })
    expect(answer.headers['content-type']).toContain('text/event-stream')
    expect(sseData(answer)).toEqual([
      { type: 'transcript.text.delta', delta: ' Good' },
      { type: 'transcript.text.delta', delta: ' day. ' },
      { type: 'transcript.text.done', text: 'Good day.' },
      '[DONE]',
    ])
  })

  it('knows the language, what it is about, and how freely to write', async () => {
    const { requests } = await transcribe({ model: 'm', file: WAV, language: 'de', prompt: 'Llamero', temperature: '0.4' })
    const [{ messages, options }] = requests as [{ messages: { content: string }[]; options: object }]
    expect(messages[0]?.content).toMatch(/The language is de\. About the recording: Llamero$/)
    expect(options).toEqual({ temperature: 0.4 })
  })

  it('drops no field in silence', async () => {
    const others = ['timestamp_granularities[]', 'include[]', 'chunking_strategy', 'known_speaker_names[]', 'something_new']
    const { answer } = await transcribe({
      model: 'm',
      file: WAV,
      response_format: 'srt',
      ...Object.fromEntries(others.map((name) => [name, 'x'])),
    })
    expect(answer.status).toBe(200)
    const named = String(answer.headers['x-llamero-warnings']).split(', ').map(decodeURIComponent)
    expect(named.sort()).toEqual([...others, 'response_format'].sort())
  })
})

describe('a transcription is refused', () => {
  it.each<[string, Fields, string, string]>([
    ['without a model', { file: WAV }, 'model is required', 'model'],
    ['without a file', { model: 'm' }, 'file is required: http: no such file', 'file'],
    ['with a text for a file', { model: 'm', file: 'RIFF' }, 'file is required: http: no such file', 'file'],
    ['of an empty file', { model: 'm', file: new Uint8Array() }, 'audio file is empty', 'file'],
    [
      'at a temperature that is none',
      { model: 'm', file: WAV, temperature: 'hot' },
      'temperature must be a number that is not negative',
      'temperature',
    ],
    [
      'at a temperature below 0',
      { model: 'm', file: WAV, temperature: '-1' },
      'temperature must be a number that is not negative',
      'temperature',
    ],
  ])('%s', async (_, fields, message, param) => {
    const { answer, requests } = await transcribe(fields)
    expect(answer.status).toBe(400)
    expect(JSON.parse(answer.text).error).toMatchObject({ message, param, type: 'invalid_request_error' })
    expect(requests).toEqual([])
  })

  it('that is no form', async () => {
    await using server = await startWire({ chat: spoken })
    const answer = await send(server, { path: PATH, headers: { 'content-type': 'application/json' }, body: '{}' })
    expect(answer.status).toBe(400)
    expect(JSON.parse(answer.text).error.message).toBe("failed to parse multipart form: request Content-Type isn't multipart/form-data")
  })

  it('with what the model says to it', async () => {
    const deaf = new AppError('unsupported_capability', 'registry.ollama.ai/library/m:latest does not support audio', {
      details: { capability: 'audio' },
    })
    await using server = await startWire({
      chat: () => {
        throw deaf
      },
    })
    const answer = await sendForm(server, { model: 'm', file: WAV })
    expect(answer.status).toBe(400)
    expect(JSON.parse(answer.text).error).toMatchObject({ message: deaf.message, param: 'file', code: 'unsupported_capability' })
  })
})
