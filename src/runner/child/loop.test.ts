import { describe, expect, it } from 'vitest'
import type { ToParent } from '../protocol.ts'
import { greedyRequest } from '../testing/conformance.ts'
import { fixedGovernor } from '../testing/fixed-governor.ts'
import { readMessages, runLoop } from '../testing/loop-messages.ts'
import { END_TOKEN, FIRST_PIECE, MARK_TEXT, MARK_TOKEN, ScriptedEngine, type ScriptedEngineOptions } from '../testing/scripted-engine.ts'
import { MAX_PROMPT_OUTPUTS } from './batch-filler.ts'
import { MAX_REPEATED_TEXTS } from './completion.ts'
import { Loop, MAX_WAITING } from './loop.ts'

/** A loop over a scripted engine; every evaluation takes a millisecond on its clock. */
function stage(options: ScriptedEngineOptions = {}) {
  const clock = { now: 0, monotonicNs: () => clock.now }
  const engine = new ScriptedEngine({
    ...options,
    onDecode: (sequences) => {
      clock.now += 1e6
      options.onDecode?.(sequences)
    },
  })
  const sent: ToParent[] = []
  const governor = fixedGovernor(clock)
  const loop = new Loop({ engine, governor, clock, send: (message) => sent.push(message), speculate: false })
  const run = (limit?: number) => runLoop(loop, limit)
  const failureOf = (id: number) => sent.flatMap((message) => (message.type === 'failure' && message.id === id ? [message.failure] : []))[0]
  return { engine, loop, sent, run, ...readMessages(sent), failureOf, clock }
}

const bytes = (text: string) => [...Buffer.from(text)]
/** Says the text after the prompt, then the end. */
const saying = (prompt: string, text: string) => (tokens: readonly number[]) =>
  bytes(text)[tokens.length - bytes(prompt).length] ?? END_TOKEN

describe('Loop', () => {
  it('streams a reply and ends with the counts', () => {
    const { loop, run, textOf, endOf } = stage({ next: saying('hello', 'abc') })
    loop.submit(1, greedyRequest({ prompt: 'hello' }))
    expect(run()).toBe(4)
    expect(textOf(1)).toBe('abc')
    expect(endOf(1)).toEqual({
      type: 'end',
      reason: 'stop',
      promptTokens: 5,
      cachedTokens: 0,
      promptEvalNs: 1e6,
      evalTokens: 4,
      evalNs: 3e6,
      droppedTokens: 0,
    })
  })

  it('evaluates all decoding slots in one step and sends their chunks in one message', () => {
    const { loop, run, engine, sent } = stage()
    loop.submit(1, greedyRequest({ prompt: 'one', maxTokens: 3 }))
    loop.submit(2, greedyRequest({ prompt: 'two', maxTokens: 3 }))
    run()
    expect(engine.steps).toEqual([
      new Map([
        [0, 3],
        [1, 3],
      ]),
      new Map([
        [0, 1],
        [1, 1],
      ]),
      new Map([
        [0, 1],
        [1, 1],
      ]),
    ])
    expect(sent.map((message) => (message.type === 'step' ? message.chunks.map((chunk) => chunk.id) : []))).toEqual([
      [1, 2],
      [1, 2],
      [1, 1, 2, 2],
    ])
  })

  it('goes on with a stream while it reads a long prompt piece by piece', () => {
    const { loop, run, engine, textOf } = stage({ batchTokens: 8 })
    loop.submit(1, greedyRequest({ prompt: 'x', maxTokens: 40 }))
    run(2)
    loop.submit(2, greedyRequest({ prompt: 'y'.repeat(50), maxTokens: 2 }))
    run(5)
    expect(textOf(1)).toBe('a'.repeat(7))
    expect(engine.steps.slice(2).every((step) => step.get(0) === 1 && (step.get(1) ?? 0) > 0)).toBe(true)
    run()
    expect(textOf(2)).toBe('aa')
  })

  it('serves the waiting in the order they came', () => {
    const { loop, run, sent } = stage({ sequences: 1 })
    for (const id of [1, 2, 3]) loop.submit(id, greedyRequest({ prompt: `${id}`, maxTokens: 1 }))
    run()
    const ends = sent.flatMap((message) => (message.type === 'step' ? message.chunks.filter((entry) => entry.chunk.type === 'end') : []))
    expect(ends.map((entry) => entry.id)).toEqual([1, 2, 3])
  })

  it('refuses more than its queue holds', () => {
    const { loop, failureOf } = stage({ sequences: 1 })
    for (let id = 1; id <= MAX_WAITING; id++) loop.submit(id, greedyRequest({ prompt: 'x' }))
    expect(failureOf(MAX_WAITING)).toBeUndefined()
    loop.submit(MAX_WAITING + 1, greedyRequest({ prompt: 'x' }))
    expect(failureOf(MAX_WAITING + 1)).toMatchObject({ code: 'server_busy' })
  })

  it('evaluates only what its slot does not know, and always one token', () => {
    const { loop, run, engine, endOf } = stage({ sequences: 1 })
    loop.submit(1, greedyRequest({ prompt: 'hello world', maxTokens: 1 }))
    loop.submit(2, greedyRequest({ prompt: 'hello world', maxTokens: 1 }))
    loop.submit(3, greedyRequest({ prompt: 'hello there', maxTokens: 1 }))
    run()
    expect(endOf(2)).toMatchObject({ promptTokens: 11, cachedTokens: 10 })
    expect(endOf(3)).toMatchObject({ promptTokens: 11, cachedTokens: 6 })
    expect(engine.steps.map((step) => step.get(0))).toEqual([11, 1, 5])
  })

  it('knows the reply as a part of the next prompt', () => {
    const { loop, run, endOf } = stage({ sequences: 1, next: saying('hi', 'you') })
    loop.submit(1, greedyRequest({ prompt: 'hi' }))
    run()
    loop.submit(2, greedyRequest({ prompt: 'hiyou and me', maxTokens: 1 }))
    run()
    expect(endOf(2)).toMatchObject({ cachedTokens: 5 })
  })

  it('copies a long prefix from a busy slot', () => {
    const { loop, run, endOf } = stage({ contextTokens: 1000, batchTokens: 200 })
    const system = 's'.repeat(100)
    loop.submit(1, greedyRequest({ prompt: `${system}1`, maxTokens: 20 }))
    run(4)
    loop.submit(2, greedyRequest({ prompt: `${system}2`, maxTokens: 1 }))
    run()
    expect(endOf(2)).toMatchObject({ cachedTokens: 100 })
    expect(endOf(1)).toMatchObject({ evalTokens: 20 })
  })

  it('reads the whole prompt again where the memory cannot forget a part', () => {
    const { loop, run, endOf } = stage({ sequences: 1, canBranch: false })
    for (const id of [1, 2]) loop.submit(id, greedyRequest({ prompt: 'the same prompt', maxTokens: 1 }))
    run()
    expect(endOf(2)).toMatchObject({ cachedTokens: 0 })
  })

  it('lets penalties see the end of the prompt', () => {
    const { loop, engine } = stage()
    loop.submit(1, greedyRequest({ prompt: 'abcdef', sampling: { ...greedyRequest().sampling, repeatLastN: 2 } }))
    loop.step()
    expect(engine.seen).toEqual(bytes('ef'))
  })

  it('keeps the tokens of a prompt that was cut', () => {
    const { loop, run, endOf, engine } = stage({ contextTokens: 16 })
    loop.submit(1, greedyRequest({ prompt: '0123456789abcdefghij', maxTokens: 1, keepTokens: 2 }))
    run()
    expect(endOf(1)).toMatchObject({ promptTokens: 9, droppedTokens: 11 })
    expect(engine.memory[0]).toEqual(bytes('01defghij'))
  })
})

describe('the end of a reply', () => {
  it('comes at once for an empty prompt, and its sampler goes', () => {
    const { engine, loop, endOf } = stage()
    loop.submit(1, greedyRequest({ prompt: '' }))
    expect(engine.openSamplers).toBe(0)
    expect(endOf(1)).toMatchObject({ reason: 'stop', promptTokens: 0, evalTokens: 0 })
  })

  it('comes with the token limit, and what was held back comes out', () => {
    const { loop, run, textOf, endOf } = stage({ next: saying('x', 'ab<') })
    loop.submit(1, greedyRequest({ prompt: 'x', maxTokens: 3, stop: ['<stop>'] }))
    run()
    expect(textOf(1)).toBe('ab<')
    expect(endOf(1)).toMatchObject({ reason: 'length', evalTokens: 3 })
  })

  it('comes without text when no token is wanted', () => {
    const { loop, run, chunksOf, engine } = stage()
    loop.submit(1, greedyRequest({ prompt: 'hello', maxTokens: 0 }))
    run()
    expect(chunksOf(1)).toMatchObject([{ type: 'end', reason: 'length', promptTokens: 5, evalTokens: 0 }])
    expect(engine.memory[0]).toEqual(bytes('hello'))
  })

  it('comes with the end of the context, which is filled to its last token', () => {
    const { loop, run, endOf } = stage({ contextTokens: 12 })
    loop.submit(1, greedyRequest({ prompt: 'hello', maxTokens: -1 }))
    run()
    expect(endOf(1)).toMatchObject({ reason: 'length', promptTokens: 5, evalTokens: 7 })
  })

  it.each([{ canShift: true }, { canShift: false }])(
    'does not come at the end of a context that shifts (canShift: $canShift)',
    ({ canShift }) => {
      const next = (tokens: readonly number[]) => 97 + (tokens.length % 26)
      const { loop, run, endOf, engine } = stage({ contextTokens: 20, sequences: 1, canShift, next })
      loop.submit(1, greedyRequest({ prompt: 'hello', maxTokens: 100, contextShift: true, keepTokens: 3 }))
      run()
      expect(endOf(1)).toMatchObject({ reason: 'length', evalTokens: canShift ? 100 : 15, droppedTokens: canShift ? 2 : 0 })
      if (canShift) expect(engine.memory[0]?.slice(0, 3)).toEqual(bytes('hel'))
    },
  )

  it('takes nothing from behind a shift for the next prompt', () => {
    const { loop, run, endOf, engine } = stage({ contextTokens: 20, sequences: 1 })
    loop.submit(1, greedyRequest({ prompt: 'hello', maxTokens: 30, contextShift: true, keepTokens: 3 }))
    run()
    const held = engine.detokenize(engine.memory[0] as number[])
    loop.submit(2, greedyRequest({ prompt: held, maxTokens: 1 }))
    run()
    expect(endOf(2)).toMatchObject({ cachedTokens: 3 })
  })

  it('comes when the model says the same for ever', () => {
    const { loop, run, textOf, endOf } = stage()
    loop.submit(1, greedyRequest({ prompt: 'x', maxTokens: -1 }))
    run()
    expect(endOf(1)).toMatchObject({ reason: 'repetition', evalTokens: MAX_REPEATED_TEXTS + 2 })
    expect(textOf(1)).toBe('a'.repeat(MAX_REPEATED_TEXTS + 1))
  })

  it('does not take the bytes of one character for a repetition', () => {
    const face = bytes('😀')
    const { loop, run, endOf } = stage({ next: (tokens) => face[(tokens.length - 1) % 4] as number })
    loop.submit(1, greedyRequest({ prompt: 'x', maxTokens: 40 }))
    run()
    expect(endOf(1)).toMatchObject({ reason: 'length', evalTokens: 40 })
  })

  it('names the stop string', () => {
    const { loop, run, textOf, endOf } = stage({ next: saying('x', 'one two three') })
    loop.submit(1, greedyRequest({ prompt: 'x', stop: ['thr', ' two'] }))
    run()
    expect(textOf(1)).toBe('one')
    expect(endOf(1)).toMatchObject({ reason: 'stop', stopSequence: ' two', evalTokens: 7 })
  })
})

describe('special tokens', () => {
  const next = (tokens: readonly number[]) => [97, MARK_TOKEN, 98][tokens.length - 1] ?? END_TOKEN

  it('are silent', () => {
    const { loop, run, textOf } = stage({ next })
    loop.submit(1, greedyRequest({ prompt: 'x' }))
    run()
    expect(textOf(1)).toBe('ab')
  })

  it('come out when they are preserved', () => {
    const { loop, run, textOf } = stage({ next })
    loop.submit(1, greedyRequest({ prompt: 'x', preservedTokens: [MARK_TEXT, 'two tokens'] }))
    run()
    expect(textOf(1)).toBe(`a${MARK_TEXT}b`)
  })
})

describe('a grammar', () => {
  it('that is wrong fails the request alone', () => {
    const { loop, run, failureOf, endOf } = stage()
    loop.submit(1, greedyRequest({ prompt: 'x', grammar: 'bad' }))
    loop.submit(2, greedyRequest({ prompt: 'x', maxTokens: 1 }))
    run()
    expect(failureOf(1)).toMatchObject({ code: 'invalid_format' })
    expect(endOf(2)).toMatchObject({ reason: 'length' })
  })

  it('begins after its mark', () => {
    const script = [97, MARK_TOKEN]
    const { loop, run, textOf } = stage({
      next: (tokens, { grammar }) => script[tokens.length - 1] ?? (grammar ? (tokens.length > 4 ? END_TOKEN : 123) : 63),
    })
    loop.submit(1, greedyRequest({ prompt: 'x', grammar: 'g', grammarAfter: MARK_TEXT }))
    run()
    expect(textOf(1)).toBe('a{{')
  })

  it('begins after a mark that is spread over tokens, with white space in the last', () => {
    const { loop, run, textOf } = stage({
      pieces: ['</thi', 'nk>\n\n'],
      next: (tokens, { grammar }) => [FIRST_PIECE, FIRST_PIECE + 1][tokens.length - 1] ?? (grammar ? END_TOKEN : 63),
    })
    loop.submit(1, greedyRequest({ prompt: 'x', grammar: 'g', grammarAfter: MARK_TEXT }))
    run()
    expect(textOf(1)).toBe(`${MARK_TEXT}\n\n`)
  })

  it('cuts a token that runs over its mark', () => {
    const { loop, run, textOf, engine } = stage({
      pieces: ['nk>no'],
      next: (tokens, { grammar }) =>
        grammar ? (tokens.at(-1) === 123 ? END_TOKEN : 123) : ([...bytes('</thi'), FIRST_PIECE][tokens.length - 1] ?? 63),
    })
    loop.submit(1, greedyRequest({ prompt: 'x', grammar: 'g', grammarAfter: MARK_TEXT }))
    run()
    expect(textOf(1)).toBe(`${MARK_TEXT}{`)
    expect(engine.detokenize(engine.memory[0] as number[])).toBe(`x${MARK_TEXT}{`)
  })
})

describe('log-probabilities', () => {
  it('come with the text of their tokens, with the alternatives that were asked for', () => {
    const { loop, run, chunksOf } = stage({ next: saying('x', 'ab') })
    loop.submit(1, greedyRequest({ prompt: 'x', topLogprobs: 2 }))
    run()
    expect(chunksOf(1)[0]).toEqual({
      type: 'text',
      text: 'a',
      logprobs: [
        {
          token: 'a',
          bytes: [97],
          logprob: -0.5,
          top: [
            { token: 'a', bytes: [97], logprob: -0.5 },
            { token: 'b', bytes: [98], logprob: -1.5 },
          ],
        },
      ],
    })
  })

  it('come without alternatives when none are wanted', () => {
    const { loop, run, chunksOf } = stage({ next: saying('x', 'a') })
    loop.submit(1, greedyRequest({ prompt: 'x', topLogprobs: 0 }))
    run()
    expect(chunksOf(1)[0]).toEqual({ type: 'text', text: 'a', logprobs: [{ token: 'a', bytes: [97], logprob: -0.5 }] })
  })

  it('of a prompt are told before the reply, for all of its tokens but the first, in bounded parts', () => {
    const prompt = 'p'.repeat(2 * MAX_PROMPT_OUTPUTS + 5)
    const { loop, run, chunksOf, textOf } = stage({ next: saying(prompt, 'a'), batchTokens: 512 })
    loop.submit(1, greedyRequest({ prompt, promptLogprobs: 1 }))
    run()
    const parts = chunksOf(1).flatMap((chunk) => (chunk.type === 'prompt' ? [chunk.tokens] : []))
    expect(Math.max(...parts.map((part) => part.length))).toBeLessThanOrEqual(MAX_PROMPT_OUTPUTS + 1)
    expect(parts.flat()).toHaveLength(prompt.length)
    expect(parts.flat()[0]).toEqual({ token: 'p', bytes: [112], logprob: null })
    expect(parts.flat().at(-1)).toEqual({ token: 'p', bytes: [112], logprob: -0.5, top: [{ token: 'p', bytes: [112], logprob: -0.5 }] })
    expect(chunksOf(1).map(({ type }) => type)).toEqual([...parts.map(() => 'prompt'), 'text', 'end'])
    expect(textOf(1)).toBe('a')
  })

  it('of a prompt need all of it, whatever is held already; afterwards it is held for others', () => {
    const { loop, run, chunksOf, endOf } = stage({ next: saying('hello', 'a'), sequences: 1 })
    for (const id of [1, 2, 3]) {
      loop.submit(id, greedyRequest({ prompt: 'hello', ...(id === 2 ? { promptLogprobs: 0 } : {}) }))
      run()
    }
    expect([1, 2, 3].map((id) => endOf(id)?.cachedTokens)).toEqual([0, 0, 4])
    const [told] = chunksOf(2)
    expect(told?.type === 'prompt' ? told.tokens.map(({ logprob }) => logprob) : []).toEqual([null, -0.5, -0.5, -0.5, -0.5])
  })

  it('of a prompt are told where nothing is to be written', () => {
    const { loop, run, chunksOf } = stage()
    loop.submit(1, greedyRequest({ prompt: 'abc', maxTokens: 0, promptLogprobs: 0 }))
    run()
    expect(chunksOf(1)).toMatchObject([
      { type: 'prompt', tokens: [{ token: 'a', logprob: null }, { token: 'b' }, { token: 'c' }] },
      { type: 'end', reason: 'length', promptTokens: 3, evalTokens: 0 },
    ])
  })
})

describe('leaving', () => {
  it('frees the slot before the next step', () => {
    const { loop, run, engine, chunksOf, endOf } = stage({ sequences: 1 })
    loop.submit(1, greedyRequest({ prompt: 'x', maxTokens: -1 }))
    loop.submit(2, greedyRequest({ prompt: 'y', maxTokens: 1 }))
    run(3)
    const before = chunksOf(1).length
    loop.cancel(1)
    run(1)
    expect(endOf(2)).toMatchObject({ evalTokens: 1 })
    expect(chunksOf(1)).toHaveLength(before)
    run()
    expect(engine.openSamplers).toBe(0)
  })

  it('works in the queue and in the middle of a prompt', () => {
    const { loop, run, engine, sent } = stage({ sequences: 1, batchTokens: 4 })
    loop.submit(1, greedyRequest({ prompt: 'a long prompt', maxTokens: 1 }))
    loop.submit(2, greedyRequest({ prompt: 'y', maxTokens: 1 }))
    run(1)
    loop.cancel(2)
    loop.cancel(1)
    loop.cancel(77)
    expect(run()).toBe(0)
    expect(sent).toEqual([])
    expect(engine.openSamplers).toBe(0)
  })

  it('leaves its tokens for the next', () => {
    const { loop, run, endOf } = stage({ sequences: 1, batchTokens: 8 })
    loop.submit(1, greedyRequest({ prompt: 'a long prompt', maxTokens: 1 }))
    run(1)
    loop.cancel(1)
    loop.submit(2, greedyRequest({ prompt: 'a long prompt', maxTokens: 1 }))
    run()
    expect(endOf(2)).toMatchObject({ promptTokens: 13, cachedTokens: 8 })
  })
})

describe('a slow reader', () => {
  it('pauses its own request only', () => {
    const { loop, run, textOf, endOf } = stage()
    loop.submit(1, greedyRequest({ prompt: 'x', maxTokens: 5 }))
    loop.submit(2, greedyRequest({ prompt: 'y', maxTokens: 5 }))
    run(2)
    loop.setPaused(1, true)
    run()
    expect(textOf(1)).toBe('aa')
    expect(endOf(2)).toMatchObject({ evalTokens: 5 })
    loop.setPaused(1, false)
    run()
    expect(endOf(1)).toMatchObject({ evalTokens: 5 })
  })
})

describe('a failure of the engine', () => {
  it('fails those in the batch, and their slots begin anew', () => {
    let broken = true
    const { loop, run, failureOf, endOf, engine } = stage({
      onDecode: () => {
        if (broken) throw new Error('no')
      },
    })
    loop.submit(1, greedyRequest({ prompt: 'hello', maxTokens: 1 }))
    run(1)
    expect(failureOf(1)).toMatchObject({ code: 'internal', message: 'no' })
    broken = false
    loop.submit(2, greedyRequest({ prompt: 'hello', maxTokens: 1 }))
    run()
    expect(endOf(2)).toMatchObject({ cachedTokens: 0, evalTokens: 1 })
    expect(engine.openSamplers).toBe(0)
  })

  it('to sample fails that request alone', () => {
    const { loop, run, failureOf, endOf } = stage({
      next: (tokens) => {
        if (tokens[0] === 120) throw new Error('no way to go on')
        return 97
      },
    })
    loop.submit(1, greedyRequest({ prompt: 'x', maxTokens: 2 }))
    loop.submit(2, greedyRequest({ prompt: 'y', maxTokens: 2 }))
    run()
    expect(failureOf(1)).toMatchObject({ message: 'no way to go on' })
    expect(endOf(2)).toMatchObject({ evalTokens: 2 })
  })
})

describe('embedding', () => {
  const embedding = (options: ScriptedEngineOptions = {}) => stage({ pooling: 'mean', sequences: 3, ...options })
  const vectorsOf = (sent: readonly ToParent[]) =>
    sent.flatMap((message) => (message.type === 'result' && message.result.type === 'embedded' ? message.result.result.vectors : []))

  it('pools as many inputs together as fit, in order', () => {
    const { loop, run, sent, engine } = embedding()
    loop.embed(1, [[1], [2, 2], [3], [4]])
    run()
    expect(vectorsOf(sent).map((vector) => [...vector])).toEqual([[1], [2, 2], [3], [4]])
    expect(engine.steps).toHaveLength(2)
  })

  it('does not put more into a batch than it holds', () => {
    const { loop, run, sent } = embedding({ batchTokens: 10 })
    loop.embed(1, [Array(6).fill(1), Array(6).fill(2), Array(10).fill(3)])
    run()
    expect(vectorsOf(sent).map((vector) => vector.length)).toEqual([6, 6, 10])
  })

  it('refuses an input that is too long before it begins', () => {
    const { loop, run, sent, failureOf } = embedding({ batchTokens: 10 })
    loop.embed(1, [[1], Array(11).fill(1)])
    expect(run()).toBe(0)
    expect(failureOf(1)).toMatchObject({ code: 'context_exceeded', details: { promptTokens: 11, contextTokens: 10 } })
    expect(vectorsOf(sent)).toEqual([])
  })

  it('stops when its reader has left', () => {
    const { loop, run, sent } = embedding({ sequences: 1 })
    loop.embed(1, [[1], [2], [3]])
    run(1)
    loop.cancel(1)
    expect(run()).toBe(0)
    expect(sent).toEqual([])
  })

  it('fails with the engine and goes on with the next', () => {
    let broken = true
    const { loop, run, sent, failureOf } = embedding({
      onDecode: () => {
        if (broken) throw new Error('no')
      },
    })
    loop.embed(1, [[1]])
    loop.embed(2, [[2]])
    run(1)
    broken = false
    run()
    expect(failureOf(1)).toMatchObject({ message: 'no' })
    expect(vectorsOf(sent)).toHaveLength(1)
  })

  it('is refused by a model that completes, and completing by one that embeds', () => {
    const completing = stage()
    completing.loop.embed(1, [[1]])
    expect(completing.failureOf(1)).toMatchObject({ code: 'unsupported_capability' })
    const other = embedding()
    other.loop.submit(1, greedyRequest())
    expect(other.failureOf(1)).toMatchObject({ code: 'unsupported_capability' })
  })
})

describe('a grammar that must come to its end', () => {
  const closing = { tokensLeft: 3, texts: ['"', '}'] }
  /** As a grammar would: the first that may stand here, or else what the model wants. */
  const obeying =
    (wanted: string) =>
    (tokens: readonly number[], { preferred }: { preferred: readonly number[] }) =>
      tokens.includes(125) ? END_TOKEN : (preferred.find((token) => token !== END_TOKEN && !tokens.includes(token)) ?? wanted.charCodeAt(0))

  it('is closed before the tokens run out, and says that it was cut', () => {
    const { loop, run, textOf, chunksOf } = stage({ next: obeying('a') })
    loop.submit(1, greedyRequest({ prompt: 'x', grammar: 'g', maxTokens: 6, closing }))
    run()
    expect(textOf(1)).toBe('aaa"}')
    expect(chunksOf(1).at(-1)).toMatchObject({ type: 'end', reason: 'length' })
  })

  it('is closed where the model is stuck', () => {
    const { loop, run, textOf, chunksOf } = stage({ next: obeying('a') })
    loop.submit(1, greedyRequest({ prompt: 'x', grammar: 'g', maxTokens: 500, closing }))
    run()
    expect(textOf(1)).toMatch(/^a{25,40}"}$/)
    expect(chunksOf(1).at(-1)).toMatchObject({ type: 'end', reason: 'length' })
  })
})
