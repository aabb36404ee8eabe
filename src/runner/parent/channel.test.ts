import { describe, expect, it } from 'vitest'
import type { CompletionChunk, ToChild } from '../protocol.ts'
import type { RunnerExit, RunnerFacts } from '../runner.ts'
import { collect, greedyRequest } from '../testing/conformance.ts'
import { createFakeRunner } from '../testing/fake.ts'
import { type Connection, MAX_BUFFERED_CHUNKS, MAX_MEDIA_BYTES, RunnerChannel } from './channel.ts'

const facts: RunnerFacts = createFakeRunner().facts

const end: CompletionChunk = {
  type: 'end',
  reason: 'stop',
  promptTokens: 1,
  cachedTokens: 0,
  promptEvalNs: 1,
  evalTokens: 1,
  evalNs: 1,
  droppedTokens: 0,
}

class FakeConnection implements Connection {
  readonly sent: ToChild[] = []
  exit: RunnerExit | undefined
  readonly exited: Promise<RunnerExit>
  #resolve: (exit: RunnerExit) => void = () => {}

  constructor() {
    this.exited = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  send(message: ToChild): void {
    this.sent.push(message)
  }

  async close(): Promise<void> {
    this.die({ code: 0, signal: null, lastLines: '' })
  }

  die(exit: RunnerExit): void {
    this.exit = exit
    this.#resolve(exit)
  }

  types(): string[] {
    return this.sent.map((message) => message.type)
  }
}

function stage() {
  const connection = new FakeConnection()
  const sizes = { sizeBytes: 100, sizeVramBytes: 0 }
  const channel = new RunnerChannel(connection, { facts, sizes: () => sizes, mayGrow: ({ contextTokens }) => contextTokens <= 8192 })
  const text = (id: number, ...texts: string[]) =>
    channel.hear({ type: 'step', chunks: texts.map((part) => ({ id, chunk: { type: 'text' as const, text: part } })) })
  const finish = (id: number) => channel.hear({ type: 'step', chunks: [{ id, chunk: end }] })
  return { connection, channel, text, finish, sizes }
}

describe('RunnerChannel', () => {
  it('answers a wish for a larger context with what there is memory for', () => {
    const { connection, channel } = stage()
    channel.hear({ type: 'grow', size: { contextTokens: 8192, contexts: 1 } })
    channel.hear({ type: 'grow', size: { contextTokens: 16_384, contexts: 1 } })
    expect(connection.sent).toEqual([
      { type: 'growth', granted: true },
      { type: 'growth', granted: false },
    ])
  })

  it('tells the context and the sizes in force', () => {
    const { channel, sizes } = stage()
    expect(channel.facts).toMatchObject({ contextTokens: facts.contextTokens, sizeBytes: 100 })
    channel.hear({ type: 'grown', size: { contextTokens: 8192, contexts: 1 } })
    sizes.sizeBytes = 150
    expect(channel.facts).toMatchObject({ contextTokens: 8192, sizeBytes: 150 })
  })

  it('sorts the chunks of a step to their requests', async () => {
    const { channel } = stage()
    const replies = Promise.all([collect(channel.complete(greedyRequest())), collect(channel.complete(greedyRequest()))])
    channel.hear({
      type: 'step',
      chunks: [
        { id: 1, chunk: { type: 'text', text: 'one' } },
        { id: 2, chunk: { type: 'text', text: 'two' } },
        { id: 2, chunk: end },
        { id: 1, chunk: end },
      ],
    })
    expect((await replies).map((reply) => reply.text)).toEqual(['one', 'two'])
  })

  it('sends no images that are too large for one message', async () => {
    const { channel, connection, finish } = stage()
    const half = new Uint8Array(MAX_MEDIA_BYTES / 2)
    const fitting = collect(channel.complete(greedyRequest({ images: [half, half] })))
    finish(1)
    await fitting
    const images = [half, half, Uint8Array.of(1)]
    const tooLarge = { code: 'payload_too_large' }
    await expect(collect(channel.complete(greedyRequest({ images })))).rejects.toMatchObject(tooLarge)
    await expect(channel.tokenize('', { addSpecial: true, parseSpecial: true, images })).rejects.toMatchObject(tooLarge)
    expect(connection.types()).toEqual(['complete'])
  })

  it('pauses a request whose reader is slow, and resumes it when the reader has caught up', async () => {
    const { channel, connection, text, finish } = stage()
    const reader = channel.complete(greedyRequest())
    const first = reader.next()
    for (let chunk = 0; chunk < MAX_BUFFERED_CHUNKS; chunk++) text(1, 'x')
    expect(connection.types()).toEqual(['complete', 'pause'])
    text(1, 'y')
    expect(connection.types()).toEqual(['complete', 'pause'])
    await first
    for (let read = 1; read < MAX_BUFFERED_CHUNKS * 0.75; read++) await reader.next()
    expect(connection.types()).toEqual(['complete', 'pause'])
    await reader.next()
    expect(connection.types()).toEqual(['complete', 'pause', 'resume'])
    finish(1)
    let count = 0
    while (!(await reader.next()).done) count++
    expect(count).toBe(MAX_BUFFERED_CHUNKS / 4 + 1)
  })

  it('cancels when the reader leaves, and not when the reply has ended', async () => {
    const { channel, connection, text, finish } = stage()
    const reader = channel.complete(greedyRequest())
    const first = reader.next()
    text(1, 'x')
    await first
    await reader.return(undefined)
    expect(connection.sent.at(-1)).toEqual({ type: 'cancel', id: 1 })
    const whole = collect(channel.complete(greedyRequest()))
    finish(2)
    await whole
    expect(connection.types()).toEqual(['complete', 'cancel', 'complete'])
  })

  it('gives nothing more after the signal has aborted', async () => {
    const { channel, connection, text } = stage()
    const controller = new AbortController()
    const reader = channel.complete(greedyRequest(), controller.signal)[Symbol.asyncIterator]()
    const first = reader.next()
    text(1, 'a', 'b')
    await first
    controller.abort()
    await expect(reader.next()).rejects.toMatchObject({ code: 'cancelled' })
    expect(connection.types()).toEqual(['complete', 'cancel'])
  })

  it('drops what comes for a request that has left', async () => {
    const { channel, text, finish } = stage()
    const controller = new AbortController()
    const reading = collect(channel.complete(greedyRequest(), controller.signal))
    controller.abort()
    text(1, 'late')
    finish(1)
    channel.hear({ type: 'failure', id: 1, failure: { code: 'internal', message: 'late', details: {} } })
    await expect(reading).rejects.toMatchObject({ code: 'cancelled' })
  })

  it('passes a failure on as the error that it was', async () => {
    const { channel } = stage()
    const reading = collect(channel.complete(greedyRequest()))
    channel.hear({ type: 'failure', id: 1, failure: { code: 'context_exceeded', message: 'too long', details: { promptTokens: 9 } } })
    await expect(reading).rejects.toMatchObject({ code: 'context_exceeded', message: 'too long', details: { promptTokens: 9 } })
  })

  it('answers calls', async () => {
    const { channel } = stage()
    const calls = Promise.all([
      channel.tokenize('a', { addSpecial: true, parseSpecial: false }),
      channel.detokenize([1]),
      channel.embed([[1]]),
    ])
    channel.hear({ type: 'result', id: 2, result: { type: 'text', text: 'b' } })
    channel.hear({ type: 'result', id: 1, result: { type: 'tokens', tokens: [1] } })
    channel.hear({ type: 'result', id: 3, result: { type: 'embedded', result: { vectors: [], promptTokens: 1 } } })
    expect(await calls).toEqual([[1], 'b', { vectors: [], promptTokens: 1 }])
  })

  it('cancels a call whose caller has left', async () => {
    const { channel, connection } = stage()
    const controller = new AbortController()
    const embedding = channel.embed([[1]], controller.signal)
    controller.abort()
    await expect(embedding).rejects.toMatchObject({ code: 'cancelled' })
    expect(connection.sent.at(-1)).toEqual({ type: 'cancel', id: 1 })
  })

  it('fails everything when the process dies, with its last words', async () => {
    const { channel, connection } = stage()
    const reading = collect(channel.complete(greedyRequest()))
    const call = channel.detokenize([1])
    connection.die({ code: null, signal: 'SIGABRT', lastLines: 'GGML_ASSERT' })
    const died = { code: 'runner_crashed', details: { exitCode: null, signal: 'SIGABRT', lastLines: 'GGML_ASSERT' } }
    await expect(reading).rejects.toMatchObject(died)
    await expect(call).rejects.toMatchObject(died)
    await expect(channel.detokenize([1])).rejects.toMatchObject(died)
    await expect(collect(channel.complete(greedyRequest()))).rejects.toMatchObject(died)
  })
})
