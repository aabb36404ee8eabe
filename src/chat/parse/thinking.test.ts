import { describe, expect, it } from 'vitest'
import type { Logprob } from '../event.ts'
import type { Think } from '../message.ts'
import { createReplyParser } from './select.ts'
import { countingIds, readEveryCut } from './testing/cuts.ts'

const thinkingTags = { open: '<think>', close: '</think>' }

function createParser(promptTail = '', think: Think = true) {
  const tools = [{ type: 'function', function: { name: 'now' } }]
  return createReplyParser({ thinkingTags, toolCallTag: '<c>' }, { tools, think, promptTail, createCallId: countingIds() })
}

function read(reply: string, promptTail?: string, think?: Think) {
  return readEveryCut(() => createParser(promptTail, think), reply)
}

describe('thinking between tags', () => {
  it('comes apart from the text, without the space behind the tags', () => {
    expect(read('\n<think>\n I add. \n</think>\n\nfour \n')).toEqual([{ thinking: 'I add. \n' }, { text: 'four \n' }])
  })

  it('begins at once where the prompt has opened it', () => {
    expect(read(' I add.</think> four', 'A: <think>\n')).toEqual([{ thinking: 'I add.' }, { text: 'four' }])
    expect(read('<think>I add.</think>four', '<think>')).toEqual([{ thinking: 'I add.' }, { text: 'four' }])
  })

  it('is all there is when the reply ends in it', () => {
    expect(read('<think>I add </thin')).toEqual([{ thinking: 'I add </thin' }])
    expect(read('I add', '<think>')).toEqual([{ thinking: 'I add' }])
  })

  it('is not looked for behind text, nor twice', () => {
    expect(read(' so <think>x</think>')).toEqual([{ text: ' so <think>x</think>' }])
    expect(read('<think>a</think>b<think>c</think>')).toEqual([{ thinking: 'a' }, { text: 'b<think>c</think>' }])
  })

  it('leaves half a tag and lone space as text', () => {
    expect(read(' <thi')).toEqual([{ text: ' <thi' }])
    expect(read(' \n')).toEqual([{ text: ' \n' }])
  })

  it('is not split where the request does not think', () => {
    expect(read('<think>a</think>b', '', false)).toEqual([{ text: '<think>a</think>b' }])
  })

  it('hides its own talk of calls; a call behind it counts', () => {
    expect(read('<think><c>{"name":"now"}</c></think><c>{"name":"now"}</c>')).toMatchObject([
      { thinking: '<c>{"name":"now"}</c>' },
      { call: 'now', index: 0 },
    ])
  })

  it('holds back only what may become a tag', () => {
    const parser = createParser('<think>')
    expect(parser.push('one <')).toEqual([{ type: 'thinking-delta', text: 'one ' }])
    expect(parser.push('b')).toEqual([{ type: 'thinking-delta', text: '<b' }])
    expect(parser.push('</think>x')).toEqual([{ type: 'text-delta', text: 'x' }])
    expect(parser.end()).toEqual([])
  })
})

describe('log-probabilities', () => {
  const token = (text: string): Logprob => ({ token: text, logprob: -1, bytes: [...Buffer.from(text)] })

  it('travel with the text they belong to, tags leaving theirs to what follows', () => {
    const tokens = ['<think>', 'ad', 'd', '</', 'think>', '\n', 'fo', 'ur']
    const expected = [
      { type: 'thinking-delta', text: 'add', tokens: '<think>|ad|d' },
      { type: 'text-delta', text: 'four', tokens: '</|think>|\n|fo|ur' },
    ]
    const collect = (chunks: string[][]) => {
      const parser = createParser()
      const events = [...chunks.flatMap((chunk) => parser.push(chunk.join(''), chunk.map(token))), ...parser.end()]
      const joined: { type: string; text: string; tokens: string }[] = []
      for (const event of events) {
        if (event.type !== 'text-delta' && event.type !== 'thinking-delta') continue
        const words = (event.logprobs ?? []).map((logprob) => logprob.token).join('|')
        const last = joined.at(-1)
        if (last?.type !== event.type) joined.push({ type: event.type, text: event.text, tokens: words })
        else {
          last.text += event.text
          last.tokens += `|${words}`
        }
      }
      return joined
    }
    expect(collect(tokens.map((text) => [text]))).toEqual(expected)
    expect(collect([tokens])).toEqual(expected)
    expect(collect([tokens.slice(0, 4), tokens.slice(4)])).toEqual(expected)
  })

  it('of a call come with the call; none is lost at the end', () => {
    const parser = createParser()
    expect(parser.push('<c>{"name"', ['<c>', '{"name"'].map(token))).toEqual([])
    const events = [...parser.push(':"now"}</c>', [':"now"}', '</c>'].map(token)), ...parser.end()]
    expect(events.map((event) => [event.type, 'logprobs' in event ? event.logprobs?.map((logprob) => logprob.token) : undefined])).toEqual([
      ['tool-call', ['<c>', '{"name"', ':"now"}']],
      ['text-delta', ['</c>']],
    ])
  })
})
