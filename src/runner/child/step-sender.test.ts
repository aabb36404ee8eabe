import { beforeEach, describe, expect, it } from 'vitest'
import type { StepChunk, ToParent } from '../protocol.ts'
import { createStepSender, HOLD_NS, LONGEST_HOLD_NS, type StepSender } from './step-sender.ts'

let nowNs: number
let sent: ToParent[]
let sender: StepSender
beforeEach(() => {
  nowNs = 0
  sent = []
  sender = createStepSender((message) => sent.push(message), { monotonicNs: () => nowNs })
})

const text = (id: number, letters: string): StepChunk => ({ id, chunk: { type: 'text', text: letters } })
const end = (id: number): StepChunk => ({
  id,
  chunk: { type: 'end', reason: 'stop', promptTokens: 1, cachedTokens: 0, promptEvalNs: 1, evalTokens: 1, evalNs: 1, droppedTokens: 0 },
})
const step = (afterNs: number, ...chunks: StepChunk[]) => {
  nowNs += afterNs
  sender.send({ type: 'step', chunks })
}
const texts = () =>
  sent.map((message) =>
    message.type === 'step' ? message.chunks.map(({ chunk }) => (chunk.type === 'text' ? chunk.text : '.')).join('|') : message.type,
  )

describe('text of steps', () => {
  it('goes at once when it is the first of its reply', () => {
    step(0, text(1, 'a'))
    step(1e6, text(2, 'b'))
    expect(texts()).toEqual(['a', 'b'])
  })

  it('waits for the next step when it follows within the time, and goes in one message with it, each in a chunk of its own', () => {
    step(0, text(1, 'a'))
    step(HOLD_NS - 1, text(1, 'b'))
    expect(texts()).toEqual(['a'])
    step(1, text(1, 'c'))
    expect(texts()).toEqual(['a', 'b|c'])
  })

  it('goes at once where steps take long', () => {
    for (const letter of 'abc') step(HOLD_NS, text(1, letter))
    expect(texts()).toEqual(['a', 'b', 'c'])
  })

  it('waits longer where more replies share the steps, up to a limit', () => {
    const all = (letter: string) => Array.from({ length: 8 }, (_, id) => text(id, letter))
    step(0, ...all('a'))
    step(LONGEST_HOLD_NS - 1, ...all('b'))
    expect(sent).toHaveLength(1)
    step(1, ...all('c'))
    expect(texts()[1]).toBe('b|b|b|b|b|b|b|b|c|c|c|c|c|c|c|c')
  })

  it('goes at once when it is urgent', () => {
    step(0, text(1, 'a'))
    step(1, { ...text(1, 'b'), urgent: true })
    expect(texts()).toEqual(['a', 'b'])
  })

  it('goes with the end of any reply, and before everything else', () => {
    step(0, text(1, 'a'), text(2, 'x'))
    step(1, text(1, 'b'), text(2, 'y'))
    step(1, text(1, 'c'), end(2))
    expect(texts()).toEqual(['a|x', 'b|y|c|.'])
    step(1, text(1, 'd'))
    sender.send({ type: 'grown', size: { contextTokens: 1, contexts: 1 } })
    expect(texts().slice(2)).toEqual(['d', 'grown'])
  })

  it('goes when there is no next step, and only once', () => {
    step(0, text(1, 'a'))
    step(1, text(1, 'b'))
    sender.flush()
    sender.flush()
    expect(texts()).toEqual(['a', 'b'])
  })
})
