import { describe, expect, it } from 'vitest'
import { toExport, toFileName } from './export.ts'
import { beginReply, type Reply } from './reply.ts'
import { NO_SETTINGS } from './settings.ts'
import {
  beforeLastQuestion,
  beforeLastReply,
  createTalk,
  openCalls,
  type Talk,
  type Turn,
  toHead,
  toRequest,
  withTitle,
  withTurns,
} from './talk.ts'

const settings = { ...NO_SETTINGS, model: 'm' }
const empty = createTalk(settings, { id: 'id', nowMs: 1 })
const question = (text: string): Turn => ({ kind: 'question', text, images: [] })
const reply = (fields: Partial<Reply> = {}): Reply => ({ ...beginReply('m'), text: 'a', state: 'whole', ...fields })
const call = { id: 'c1', function: { name: 'f', arguments: { x: 1 } } }
const talkOf = (...turns: Turn[]): Talk => withTurns(empty, turns, 2)

describe('a title', () => {
  it('is the first question, cut at a word', () => {
    expect(talkOf(question('  Why\n is it? ')).title).toBe('Why is it?')
    expect(talkOf(question('word '.repeat(30))).title).toBe(`${'word '.repeat(12).trim()}…`)
    expect(talkOf(question('x'.repeat(80))).title).toBe(`${'x'.repeat(60)}…`)
    expect(talkOf({ kind: 'question', text: '', images: [{ name: 'a.png', mediaType: 'image/png', base64: '' }] }).title).toBe('a.png')
  })

  it('of the user stays, until it is taken back', () => {
    const named = withTitle(talkOf(question('q')), ' Mine ')
    expect(withTurns(named, [question('other')], 3).title).toBe('Mine')
    expect(withTitle(named, ' ')).toMatchObject({ title: 'q', isNamed: false })
  })
})

describe('turns', () => {
  const turns = [question('1'), reply(), question('2'), reply()]

  it('are asked again from the last question, or from the last reply', () => {
    expect(beforeLastQuestion(turns)).toEqual(turns.slice(0, 2))
    expect(beforeLastReply(turns)).toEqual(turns.slice(0, 3))
    expect(beforeLastReply(turns.slice(0, 3))).toEqual(turns.slice(0, 3))
    expect(beforeLastQuestion([])).toEqual([])
  })

  it('end with calls that wait for an answer', () => {
    const calling = reply({ calls: [call, call] })
    expect(openCalls([question('1'), calling])).toEqual([call, call])
    expect(openCalls([question('1'), calling, { kind: 'tool-result', call, text: '' }])).toEqual([call])
    expect(openCalls([question('1'), { ...calling, state: 'running' }])).toEqual([])
    expect(openCalls([])).toEqual([])
  })
})

describe('a request', () => {
  it('has only what is set', () => {
    expect(toRequest(talkOf(question('q')))).toEqual({ model: 'm', messages: [{ role: 'user', content: 'q' }], stream: true })
  })

  it('has the settings, the pictures, the calls and their results', () => {
    const talk = talkOf(
      { kind: 'question', text: 'q', images: [{ name: 'a', mediaType: 'image/png', base64: 'AAAA' }] },
      reply({ text: '', thinking: 't', calls: [call] }),
      { kind: 'tool-result', call, text: '7' },
    )
    const led = {
      ...settings,
      system: 's',
      temperature: 0,
      seed: 7,
      contextTokens: 512,
      think: 'off' as const,
      tools: '{"type":"function"}',
    }
    expect(toRequest({ ...talk, settings: led })).toEqual({
      model: 'm',
      stream: true,
      think: false,
      options: { temperature: 0, seed: 7, num_ctx: 512 },
      tools: [{ type: 'function' }],
      messages: [
        { role: 'system', content: 's' },
        { role: 'user', content: 'q', images: ['AAAA'] },
        { role: 'assistant', content: '', thinking: 't', tool_calls: [call] },
        { role: 'tool', content: '7', tool_name: 'f', tool_call_id: 'c1' },
      ],
    })
  })

  it('leaves out a reply that never began', () => {
    expect(toRequest(talkOf(question('q'), reply({ text: '', state: 'failed' }), question('r'))).messages).toHaveLength(2)
  })

  it('is not made with tools that are no JSON', () => {
    expect(() => toRequest({ ...talkOf(question('q')), settings: { ...settings, tools: '[{' } })).toThrow(/tools are no JSON/)
  })
})

it('the size of a talk counts its pictures', () => {
  const image = { name: 'a', mediaType: 'image/png', base64: 'x'.repeat(1000) }
  const talk = talkOf({ kind: 'question', text: 'four', images: [image] }, reply({ text: 'ab', thinking: 'c' }))
  expect(toHead(talk)).toEqual({ id: 'id', title: 'four', model: 'm', changedMs: 2, sizeCharacters: 1007 })
})

it('an exported talk is a request that any client can go on with', () => {
  const { talks } = toExport([talkOf(question('q'), reply())])
  expect(talks).toEqual([
    {
      title: 'q',
      created_at: '1970-01-01T00:00:00.001Z',
      changed_at: '1970-01-01T00:00:00.002Z',
      request: {
        model: 'm',
        stream: true,
        messages: [
          { role: 'user', content: 'q' },
          { role: 'assistant', content: 'a' },
        ],
      },
    },
  ])
  expect(toFileName('Why is the sky blue?')).toBe('llamero-why-is-the-sky-blue.json')
  expect(toFileName('../..')).toBe('llamero-talk.json')
})
