import { describe, expect, test } from 'vitest'
import { AppError } from '../base/errors.ts'
import { fitMessages } from './fit.ts'
import type { Message } from './message.ts'

const user = (content: string): Message => ({ role: 'user', content })
const system = (content: string): Message => ({ role: 'system', content })
const render = (messages: readonly Message[]): { prompt: string } => ({ prompt: messages.map((message) => message.content).join(' ') })
const countTokens = async (prompt: string): Promise<number> => prompt.split(' ').length

describe('fitMessages', () => {
  test('leaves a history alone that fits exactly', async () => {
    const fitted = await fitMessages({ messages: [user('a'), user('b c')], limitTokens: 3, countTokens, render })
    expect(fitted.rendered.prompt).toBe('a b c')
    expect(fitted.tokens).toBe(3)
    expect(fitted.truncation).toBeUndefined()
  })

  test('drops as few of the oldest messages as it must', async () => {
    const messages = Array.from({ length: 40 }, (_, index) => user(`m${index}`))
    for (const limitTokens of [1, 2, 17, 39]) {
      const fitted = await fitMessages({ messages, limitTokens, countTokens, render })
      expect(fitted.messages).toEqual(messages.slice(40 - limitTokens))
      expect(fitted.truncation).toEqual({ droppedMessages: 40 - limitTokens, droppedTokens: 40 - limitTokens })
    }
  })

  test('keeps all system messages, in front of what is left', async () => {
    const messages = [system('S1'), user('a'), user('b'), system('S2'), user('c'), user('d')]
    const fitted = await fitMessages({ messages, limitTokens: 4, countTokens, render })
    expect(fitted.rendered.prompt).toBe('S1 S2 c d')
    expect(fitted.truncation?.droppedMessages).toBe(2)
  })

  test('keeps the last message even where it does not fit', async () => {
    const fitted = await fitMessages({ messages: [user('a'), system('S'), user('b c d')], limitTokens: 2, countTokens, render })
    expect(fitted.rendered.prompt).toBe('S b c d')
    expect(await fitMessages({ messages: [user('a b c')], limitTokens: 2, countTokens, render })).toMatchObject({ tokens: 3 })
  })

  test('counts what images take', async () => {
    const messages = [{ ...user('a'), images: [Uint8Array.of(1)] }, user('b')]
    const fitted = await fitMessages({ messages, limitTokens: 10, imageTokens: 768, countTokens, render })
    expect(fitted.rendered.prompt).toBe('b')
    expect(fitted.truncation).toEqual({ droppedMessages: 1, droppedTokens: 769 })
  })

  test('asks for few counts, however long the history', async () => {
    let counts = 0
    const messages = Array.from({ length: 1000 }, (_, index) => user(`m${index}`))
    const countAll = (prompt: string): Promise<number> => {
      counts += 1
      return countTokens(prompt)
    }
    await fitMessages({ messages, limitTokens: 333, countTokens: countAll, render })
    expect(counts).toBeLessThan(15)
  })

  test('goes on to a cut that the template accepts', async () => {
    const pickyRender = (messages: readonly Message[]): { prompt: string } => {
      if (messages[0]?.role !== 'user') throw new AppError('template_error', 'the user must begin')
      return render(messages)
    }
    const messages = [user('a'), { role: 'assistant', content: 'b' }, user('c'), { role: 'assistant', content: 'd' }, user('e')]
    expect((await fitMessages({ messages, limitTokens: 4, countTokens, render: pickyRender })).rendered.prompt).toBe('c d e')
    expect((await fitMessages({ messages, limitTokens: 2, countTokens, render: pickyRender })).rendered.prompt).toBe('e')
  })

  test('reports a template that fails on the whole history', async () => {
    const failing = (): { prompt: string } => {
      throw new AppError('template_error', 'broken')
    }
    await expect(fitMessages({ messages: [user('a')], limitTokens: 4, countTokens, render: failing })).rejects.toThrow('broken')
  })
})
