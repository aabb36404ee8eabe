import { describe, expect, it } from 'vitest'
import { AppError, cancelled } from '../../base/errors.ts'
import type { ToParent } from '../protocol.ts'
import { greedyRequest } from '../testing/conformance.ts'
import { fixedGovernor } from '../testing/fixed-governor.ts'
import { readMessages, runLoop } from '../testing/loop-messages.ts'
import { createSavedStates } from '../testing/saved-states.ts'
import { ScriptedEngine, type ScriptedEngineOptions } from '../testing/scripted-engine.ts'
import { Loop } from './loop.ts'
import type { MediaReader, MediaRun, PromptPart } from './media.ts'
import { PrefixCache } from './prefix-cache.ts'
import type { PrefixFiles } from './prefix-folder.ts'

/** An image of one byte: that many hundreds are its first id's and its first row's number. */
const image = (content: number) => Uint8Array.of(content)
const idsOf = (content: number, length: number) => Array.from({ length }, (_, index) => -(content * 100 + index))
const rowsOf = (content: number, length: number) => Float32Array.from({ length }, (_, index) => content * 100 + index)

interface ReaderOptions extends Partial<Pick<MediaRun, 'bidirectional' | 'positions' | 'rotaryPositions'>> {
  length?: number
  /** Held back until the test lets it go. */
  waits?: boolean
  embed?: MediaRun['embed']
  read?: MediaReader['read']
}

/** Makes `<N>` in a prompt the image with that number; tokens are bytes. */
function createReader({ length = 4, waits = false, ...options }: ReaderOptions) {
  const embedded: number[] = []
  let letGo = () => {}
  const go = new Promise<void>((resolve) => (letGo = resolve))
  const runOf = (content: number): MediaRun => ({
    ids: idsOf(content, length),
    positions: options.positions ?? length,
    bidirectional: options.bidirectional ?? false,
    embed:
      options.embed ??
      (async (signal) => {
        embedded.push(content)
        if (waits) await go
        if (signal?.aborted) throw cancelled()
        return rowsOf(content, length)
      }),
    ...(options.rotaryPositions ? { rotaryPositions: options.rotaryPositions } : {}),
  })
  const read = async (prompt: string, media: readonly Uint8Array[]): Promise<PromptPart[]> =>
    prompt.split(/(<\d>)/).map((part) => {
      const mark = /^<(\d)>$/.exec(part)
      return mark ? runOf(media[Number(mark[1])]?.[0] ?? 0) : [...Buffer.from(part)]
    })
  return { reader: { read: options.read ?? read, close: async () => {} }, embedded, letGo }
}

interface StageOptions extends ScriptedEngineOptions {
  media?: ReaderOptions | undefined
  files?: PrefixFiles
  speculate?: boolean
}

/** Each token takes 10 ms. */
function stage({ media = {}, files, speculate = false, ...options }: StageOptions = {}) {
  const clock = { now: 0, monotonicNs: () => clock.now }
  const engine = new ScriptedEngine({
    ...options,
    onDecode: (sequences) => {
      clock.now += sequences.length * 10e6
    },
  })
  const sent: ToParent[] = []
  const governor = fixedGovernor(clock)
  const { reader, embedded, letGo } = createReader(media)
  let wake = () => {}
  const onNews = () => wake()
  const cache = files && new PrefixCache({ files, memoryBytes: 0, pendingBytes: 1e6, onFetched: onNews, report: () => {} })
  const loop = new Loop({
    engine,
    governor,
    clock,
    send: (message) => sent.push(message),
    speculate,
    prefixCache: cache,
    media: { reader, onMedia: onNews },
  })
  const failureOf = (id: number) => sent.flatMap((message) => (message.type === 'failure' && message.id === id ? [message.failure] : []))[0]
  const messages = readMessages(sent)
  const isOver = (id: number) => messages.endOf(id) !== undefined || failureOf(id) !== undefined
  /** As the runner does: steps, in between which others have their turn, and again when there is news. */
  const runUntil = async (isDone: () => boolean) => {
    while (!isDone()) {
      const news = new Promise<void>((resolve) => (wake = resolve))
      while (!isDone() && loop.step()) await Promise.resolve()
      if (!isDone()) await news
    }
  }
  const finish = (...ids: number[]) => runUntil(() => ids.every(isOver))
  const asked = () => runUntil(() => embedded.length > 0)
  return { engine, loop, sent, ...messages, failureOf, embedded, letGo, finish, asked }
}

const ask = (prompt: string, contents: readonly number[], options: Partial<Parameters<typeof greedyRequest>[0]> = {}) =>
  greedyRequest({ prompt, images: contents.map(image), maxTokens: 1, ...options })
const bytes = (text: string) => [...Buffer.from(text)]

describe('Loop with media', () => {
  it('evaluates an image between the words around it, and counts its ids', async () => {
    const { loop, finish, endOf, engine } = stage()
    loop.submit(1, ask('see <0>?', [3]))
    await finish(1)
    expect(engine.memory[0]).toEqual([...bytes('see '), 300, 301, 302, 303, ...bytes('?')])
    expect(engine.steps.map((step) => step.get(0))).toEqual([4, 4, 1])
    expect(endOf(1)).toMatchObject({ reason: 'length', promptTokens: 9, cachedTokens: 0, evalTokens: 1 })
  })

  it('shows penalties the words of the prompt alone', async () => {
    const { loop, finish, engine } = stage()
    loop.submit(1, ask('see <0>?', [3], { sampling: { ...greedyRequest().sampling, repeatLastN: 3 } }))
    await finish(1)
    expect(engine.seen).toEqual(bytes('e ?'))
  })

  it('takes the logits of the last row where an image is all there is', async () => {
    const { loop, finish, engine, textOf } = stage()
    loop.submit(1, ask('<0>', [3]))
    await finish(1)
    expect(engine.memory[0]).toEqual([300, 301, 302, 303])
    expect(textOf(1)).toBe('a')
  })

  it('does not look again at an image that the slot holds', async () => {
    const { loop, finish, endOf, embedded } = stage()
    loop.submit(1, ask('see <0>?', [3]))
    await finish(1)
    loop.submit(2, ask('see <0>!', [3]))
    await finish(2)
    expect(endOf(2)).toMatchObject({ promptTokens: 9, cachedTokens: 8 })
    expect(embedded).toEqual([3])
  })

  it('looks at another image, and keeps the words before it', async () => {
    const { loop, finish, endOf, embedded, engine } = stage({ sequences: 1 })
    loop.submit(1, ask('see <0>?', [3]))
    await finish(1)
    loop.submit(2, ask('see <0>?', [4]))
    await finish(2)
    expect(endOf(2)).toMatchObject({ cachedTokens: 4 })
    expect(embedded).toEqual([3, 4])
    expect(engine.memory[0]).toEqual([...bytes('see '), 400, 401, 402, 403, ...bytes('?')])
  })

  it('looks at the second of two images alone where the first is held', async () => {
    const { loop, finish, endOf, embedded } = stage()
    loop.submit(1, ask('<0> and <1>?', [3, 4]))
    await finish(1)
    loop.submit(2, ask('<0> and <1>?', [3, 5]))
    await finish(2)
    expect(embedded).toEqual([3, 4, 5])
    expect(endOf(2)).toMatchObject({ promptTokens: 14, cachedTokens: 9 })
  })

  it('begins an image anew that another begins like', async () => {
    const like: MediaRun = { ids: [-300, -301, -9], positions: 3, bidirectional: false, embed: async () => Float32Array.of(7, 8, 9) }
    const { loop, finish, endOf, engine } = stage({
      sequences: 1,
      media: {
        read: async (_, media) => [[1, 2], media[0]?.[0] === 3 ? { ...like, ids: [-300, -301, -302] } : like, [5]],
      },
    })
    loop.submit(1, ask('', [3]))
    await finish(1)
    loop.submit(2, ask('', [4]))
    await finish(2)
    expect(endOf(2)).toMatchObject({ cachedTokens: 2 })
    expect(engine.memory[0]).toEqual([1, 2, 7, 8, 9, 5])
  })

  it('goes on with the others while an image is looked at', async () => {
    const { loop, finish, asked, letGo, endOf } = stage({ media: { waits: true } })
    loop.submit(1, ask('see <0>?', [3]))
    await asked()
    loop.submit(2, greedyRequest({ prompt: 'hello', maxTokens: 5 }))
    await finish(2)
    expect(endOf(1)).toBeUndefined()
    letGo()
    await finish(1)
    expect(endOf(1)).toMatchObject({ promptTokens: 9 })
  })

  it('takes turns with those that write, piece by piece', async () => {
    const { loop, finish, engine, textOf } = stage({ batchTokens: 4, media: { length: 12 } })
    loop.submit(1, greedyRequest({ prompt: 'x', maxTokens: 30 }))
    loop.submit(2, ask('<0>?', [3]))
    await finish(1, 2)
    const steps = engine.steps.map((step) => [...step.keys()].join())
    const pieces = engine.media.map(({ count }) => count)
    expect(pieces.reduce((sum, count) => sum + count)).toBe(12)
    expect(pieces.length).toBeGreaterThan(2)
    expect(steps.join(' ')).not.toContain('1 1')
    expect(textOf(1)).toBe('a'.repeat(30))
  })

  it('ends a request alone whose image cannot be looked at, and keeps what its slot holds', async () => {
    const broken = new AppError('engine_error', 'no image')
    const { loop, finish, failureOf, endOf, engine } = stage({ media: { embed: () => Promise.reject(broken) } })
    loop.submit(1, ask('see <0>?', [3]))
    loop.submit(2, greedyRequest({ prompt: 'hello', maxTokens: 5 }))
    await finish(1, 2)
    expect(failureOf(1)).toMatchObject({ code: 'engine_error', message: 'no image' })
    expect(endOf(2)).toMatchObject({ evalTokens: 5 })
    loop.submit(3, greedyRequest({ prompt: 'see what', maxTokens: 1 }))
    await finish(3)
    expect(endOf(3)).toMatchObject({ cachedTokens: 4 })
    expect(engine.openSamplers).toBe(0)
  })

  it('ends a request alone whose image cannot be read', async () => {
    const read = () => Promise.reject(new AppError('invalid_request', 'no image'))
    const { loop, failureOf, sent } = stage({ media: { read } })
    loop.submit(1, ask('see <0>?', [3]))
    while (sent.length === 0) await Promise.resolve()
    expect(failureOf(1)).toMatchObject({ code: 'invalid_request' })
  })

  it('says nothing of a request that has left while its image was read or looked at', async () => {
    let signal: AbortSignal | undefined
    let letGo: (parts: PromptPart[]) => void = () => {}
    const read: MediaReader['read'] = (_, __, given) => {
      signal = given
      return new Promise((resolve) => (letGo = resolve))
    }
    const reading = stage({ media: { read } })
    reading.loop.submit(1, ask('see <0>?', [3]))
    reading.loop.cancel(1)
    expect(signal?.aborted).toBe(true)
    letGo([[1]])
    await Promise.resolve()
    expect(runLoop(reading.loop)).toBe(0)
    expect(reading.sent).toEqual([])

    const { loop, asked, letGo: finishImage, sent, engine, finish, endOf } = stage({ sequences: 1, media: { waits: true } })
    loop.submit(1, ask('see <0>?', [3]))
    await asked()
    loop.cancel(1)
    finishImage()
    loop.submit(2, greedyRequest({ prompt: 'see it', maxTokens: 1 }))
    await finish(2)
    expect(endOf(2)).toMatchObject({ cachedTokens: 4 })
    expect(sent.some((message) => message.type === 'failure')).toBe(false)
    expect(engine.media).toEqual([])
  })

  it('forgets half an image when its request leaves in the middle', async () => {
    const { loop, engine, asked, finish, endOf } = stage({ sequences: 1, batchTokens: 2, media: { length: 8 } })
    loop.submit(1, ask('see <0>?', [3]))
    await asked()
    while (engine.media.length < 2) {
      await Promise.resolve()
      loop.step()
    }
    loop.cancel(1)
    expect(engine.memory[0]).toEqual(bytes('see '))
    loop.submit(2, ask('see <0>?', [3]))
    await finish(2)
    expect(endOf(2)).toMatchObject({ cachedTokens: 4 })
    expect(engine.memory[0]).toEqual([...bytes('see '), ...rowsOf(3, 8), ...bytes('?')])
  })

  it('gives an image with positions of several dimensions fewer places than ids', async () => {
    // Two rows of three: height, then width.
    const rotaryPositions = (start: number) =>
      Int32Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 1, 2, 0, 1, 2, 0, 0, 0, 0, 0, 0], (at, index) =>
        index < 18 ? start + at : 0,
      )
    const media = { length: 6, positions: 3, rotaryPositions }
    const { loop, finish, engine, endOf, embedded } = stage({ batchTokens: 4, sequences: 1, media })
    loop.submit(1, ask('ab<0>cd', [3]))
    await finish(1)
    expect(engine.positions[0]).toEqual([0, 1, 2, 2, 2, 2, 2, 2, 5, 6])
    expect(engine.media.map(({ positions }) => [...positions])).toEqual([
      [2, 2, 2, 2, 2, 2, 2, 3, 2, 3, 4, 2, 0, 0, 0, 0],
      [2, 2, 3, 3, 3, 4, 0, 0],
    ])
    loop.submit(2, ask('ab<0>ce', [3]))
    await finish(2)
    expect(endOf(2)).toMatchObject({ promptTokens: 10, cachedTokens: 9 })
    expect(embedded).toEqual([3])
    expect(engine.positions[0]).toEqual([0, 1, 2, 2, 2, 2, 2, 2, 5, 6])
  })

  it('evaluates an image whose parts see each other in one step', async () => {
    const { loop, finish, engine } = stage({ batchTokens: 8, media: { length: 8, bidirectional: true } })
    loop.submit(1, ask('see <0>?', [3]))
    loop.submit(2, greedyRequest({ prompt: 'x', maxTokens: 20 }))
    await finish(1, 2)
    expect(engine.media.map(({ count, bidirectional }) => ({ count, bidirectional }))).toEqual([{ count: 8, bidirectional: true }])
  })

  it('refuses such an image where a step has no room for it', async () => {
    const { loop, finish, failureOf } = stage({ batchTokens: 8, media: { length: 9, bidirectional: true } })
    loop.submit(1, ask('see <0>?', [3]))
    loop.submit(2, greedyRequest({ prompt: 'x', maxTokens: 1 }))
    await finish(1, 2)
    expect(failureOf(1)).toMatchObject({ code: 'invalid_option' })
  })

  it('ends with the context, where words alone would shift', async () => {
    const { loop, finish, endOf } = stage({ contextTokens: 16 })
    loop.submit(1, ask('see <0>?', [3], { maxTokens: -1, contextShift: true }))
    await finish(1)
    expect(endOf(1)).toMatchObject({ reason: 'length', promptTokens: 9, evalTokens: 7 })
  })

  it('cuts the words of a long prompt and keeps its image', async () => {
    const { loop, finish, endOf, engine } = stage({ contextTokens: 16 })
    loop.submit(1, ask(`${'x'.repeat(40)}<0>?`, [3]))
    await finish(1)
    expect(engine.media).toHaveLength(1)
    expect(endOf(1)?.promptTokens).toBeLessThan(16)
    expect(endOf(1)?.droppedTokens).toBeGreaterThan(30)
  })

  it('guesses nothing beside an image', async () => {
    const next = (tokens: readonly number[]) => bytes('0123456789')[tokens.length % 10] as number
    const { loop, finish, engine } = stage({ speculate: true, next, media: { length: 10 } })
    loop.submit(1, ask('0123456789<0>0123456789', [3], { maxTokens: 60 }))
    await finish(1)
    expect(engine.steps.slice(3).every((step) => step.get(0) === 1)).toBe(true)
  })

  it('finds a kept state again for the same image, and not for another', async () => {
    const files = createSavedStates()
    const long = (rest: string) => `${'x'.repeat(80)}<0>${rest}`
    const before = stage({ files })
    before.loop.submit(1, ask(long('?'), [3]))
    await before.finish(1)
    await before.loop.close(new Promise(() => {}))
    expect(files.saved.size).toBe(1)

    const same = stage({ files })
    same.loop.submit(1, ask(long('!'), [3]))
    await same.finish(1)
    expect(same.endOf(1)).toMatchObject({ cachedTokens: 84 })
    expect(same.embedded).toEqual([])

    const other = stage({ files })
    other.loop.submit(1, ask(long('!'), [4]))
    await other.finish(1)
    expect(other.endOf(1)).toMatchObject({ cachedTokens: 80 })
    expect(other.embedded).toEqual([4])
  })

  it('keeps a state whose last image has fewer places than ids', async () => {
    const files = createSavedStates()
    const rotaryPositions = (start: number) => new Int32Array(16).fill(start)
    const media = { positions: 2, rotaryPositions }
    const prompt = `${'x'.repeat(80)}<0>`
    const before = stage({ files, media })
    before.loop.submit(1, ask(prompt, [3], { maxTokens: 0 }))
    await before.finish(1)
    await before.loop.close(new Promise(() => {}))
    const { loop, finish, endOf, engine } = stage({ files, media })
    loop.submit(1, ask(`${prompt}?!`, [3]))
    await finish(1)
    expect(endOf(1)).toMatchObject({ cachedTokens: 84 })
    expect(engine.positions[0]?.slice(-3)).toEqual([80, 82, 83])
  })

  it('refuses what it cannot tell of a prompt with media', () => {
    const { loop, failureOf } = stage()
    loop.submit(1, ask('see <0>?', [3], { promptLogprobs: 0 }))
    loop.submit(2, ask('', [3], { prompt: [1, 2] }))
    expect(failureOf(1)).toMatchObject({ code: 'unsupported_capability' })
    expect(failureOf(2)).toMatchObject({ code: 'invalid_request' })
  })
})
