import { describe, expect, it } from 'vitest'
import type { ChatResponseBody } from '../../src/api/chat.ts'
import { addRecord, beginReply, describeCuts, describeFigures, endReply, type Reply } from './reply.ts'

const record = (fields: Partial<ChatResponseBody> & { content?: string; thinking?: string }): ChatResponseBody => ({
  model: 'm',
  created_at: '',
  done: false,
  ...fields,
  message: {
    role: 'assistant',
    content: fields.content ?? '',
    ...(fields.thinking ? { thinking: fields.thinking } : {}),
    ...fields.message,
  },
})

const fold = (records: ChatResponseBody[]): Reply =>
  records.reduce((reply, one, index) => addRecord(reply, one, (index + 1) * 100), beginReply('m'))

describe('a reply', () => {
  it('grows by text, by thinking and by calls', () => {
    const call = { function: { name: 'f', arguments: {} } }
    const reply = fold([
      record({ thinking: 'hm' }),
      record({ content: 'a' }),
      record({ content: 'b' }),
      record({ message: { role: 'assistant', content: '', tool_calls: [call] } }),
    ])
    expect(reply).toMatchObject({ thinking: 'hm', text: 'ab', calls: [call], state: 'running', figures: { firstTokenMs: 100 } })
  })

  it('has its figures at its end, without those that are nothing', () => {
    const reply = fold([
      record({}),
      record({ content: 'a' }),
      record({
        done: true,
        done_reason: 'stop',
        eval_count: 50,
        eval_duration: 5e8,
        prompt_eval_count: 1200,
        prompt_eval_cached_count: 1000,
        load_duration: 2e9,
      }),
    ])
    expect(reply.state).toBe('whole')
    expect(reply.figures).toEqual({
      reason: 'stop',
      firstTokenMs: 200,
      totalMs: 300,
      replyTokens: 50,
      tokensPerSecond: 100,
      promptTokens: 1200,
      cachedTokens: 1000,
      loadMs: 2000,
    })
    expect(describeFigures(reply.figures ?? {})).toEqual([
      '50 tokens',
      '100.0 tokens/s',
      'first after 200 ms',
      'prompt 1,200 tokens, 1,000 of them known',
      'model loaded in 2.0 s',
      '300 ms in all',
    ])
  })

  it('of no tokens says little', () => {
    expect(describeFigures({ totalMs: 5, loadMs: 20 })).toEqual(['5 ms in all'])
  })

  it('that ended without its last record is stopped or failed, and a whole one stays whole', () => {
    const running = fold([record({ content: 'a' })])
    expect(endReply(running, { state: 'failed', error: 'no' })).toMatchObject({ text: 'a', state: 'failed', error: 'no' })
    const whole = fold([record({ done: true })])
    expect(endReply(whole, { state: 'stopped' })).toBe(whole)
  })
})

describe('what was cut', () => {
  it.each([
    [
      { droppedMessages: 2, droppedTokens: 450 },
      ['The talk is longer than the context: 2 earlier messages and 450 tokens left out of the prompt.'],
    ],
    [{ droppedTokens: 1 }, ['The talk is longer than the context: 1 token left out of the prompt.']],
    [{ reason: 'length' as const }, [expect.stringContaining('cut off')]],
    [{ reason: 'repetition' as const }, [expect.stringContaining('repeated itself')]],
    [{ reason: 'stop' as const }, []],
  ])('%j is told', (figures, lines) => {
    expect(describeCuts(figures)).toEqual(lines)
  })
})
