import { describe, expect, it, vi } from 'vitest'
import type { ChatRequestBody, ChatResponseBody } from '../../src/api/chat.ts'
import { Failure } from '../api/failure.ts'
import { untilStopped } from '../api/testing/until-stopped.ts'
import { NO_SETTINGS } from './settings.ts'
import { createMemoryShelf, type TalkShelf } from './shelf.ts'
import { createTalks, type Talks } from './talks.ts'

const settings = { ...NO_SETTINGS, model: 'm' }
const record = (content: string, done = false): ChatResponseBody => ({
  model: 'm',
  created_at: '',
  message: { role: 'assistant', content },
  done,
})

type Chat = (request: ChatRequestBody, signal: AbortSignal) => AsyncIterable<ChatResponseBody>

async function* echo({ messages = [] }: ChatRequestBody): AsyncGenerator<ChatResponseBody> {
  yield record('you said: ')
  yield record(messages.at(-1)?.content ?? '', true)
}

/** Says one word, and then nothing until it is stopped. */
async function* hang(_: ChatRequestBody, signal: AbortSignal): AsyncGenerator<ChatResponseBody> {
  yield record('well')
  await untilStopped(signal)
}

function setUp(chat: Chat, shelf: TalkShelf | Promise<TalkShelf> = createMemoryShelf()) {
  let nowMs = 0
  const onEnd = vi.fn()
  const start = (): Talks =>
    createTalks({ shelf: Promise.resolve(shelf), chat, nowMs: () => (nowMs += 100), newId: () => `t${nowMs}`, onEnd })
  return { start, talks: start(), onEnd }
}

const lastTurn = (talks: Talks, id: string) => talks.open(id).value?.turns.at(-1)

describe('a question', () => {
  it('is answered, kept, and there again after a reload', async () => {
    const { talks, start, onEnd } = setUp(echo)
    const { id } = talks.create(settings)
    await talks.ask(id, { text: 'hello', images: [] })
    expect(lastTurn(talks, id)).toMatchObject({ kind: 'reply', text: 'you said: hello', state: 'whole' })
    expect(onEnd).toHaveBeenCalledOnce()
    const reloaded = start()
    await vi.waitFor(() => expect(reloaded.heads.value).toMatchObject([{ id, title: 'hello', model: 'm' }]))
    await vi.waitFor(() => expect(reloaded.open(id).value?.turns).toHaveLength(2))
  })

  it('that is changed takes its reply with it, and keeps its pictures', async () => {
    const { talks } = setUp(echo)
    const { id } = talks.create(settings)
    const images = [{ name: 'a', mediaType: 'image/png', base64: 'AAAA' }]
    await talks.ask(id, { text: 'one', images })
    await talks.askInstead(id, 'two')
    expect(talks.open(id).value?.turns).toMatchObject([
      { kind: 'question', text: 'two', images },
      { kind: 'reply', text: 'you said: two' },
    ])
  })

  it('that is asked again has one reply', async () => {
    const { talks } = setUp(echo)
    const { id } = talks.create(settings)
    await talks.ask(id, { text: 'one', images: [] })
    await talks.askAgain(id)
    expect(talks.open(id).value?.turns).toHaveLength(2)
  })

  it('waits for nobody: a second one beside it is not asked', async () => {
    const { talks } = setUp(hang)
    const { id } = talks.create(settings)
    const first = talks.ask(id, { text: 'one', images: [] })
    await talks.ask(id, { text: 'two', images: [] })
    expect(talks.open(id).value?.turns).toHaveLength(2)
    talks.stop(id)
    await first
  })
})

describe('a reply', () => {
  it('that is stopped keeps what it has', async () => {
    const { talks } = setUp(hang)
    const { id } = talks.create(settings)
    const asked = talks.ask(id, { text: 'one', images: [] })
    await vi.waitFor(() => expect(lastTurn(talks, id)).toMatchObject({ text: 'well', state: 'running' }))
    talks.stop(id)
    await asked
    expect(lastTurn(talks, id)).toMatchObject({ text: 'well', state: 'stopped' })
  })

  it('that fails says why, in the words of the server', async () => {
    const { talks } = setUp(async function* () {
      yield record('a')
      throw new Failure('refused', 'the runner has crashed')
    })
    const { id } = talks.create(settings)
    await talks.ask(id, { text: 'one', images: [] })
    expect(lastTurn(talks, id)).toMatchObject({ text: 'a', state: 'failed', error: 'the runner has crashed' })
  })

  it('that just ends has broken off', async () => {
    const { talks } = setUp(async function* () {
      yield record('a')
    })
    const { id } = talks.create(settings)
    await talks.ask(id, { text: 'one', images: [] })
    expect(lastTurn(talks, id)).toMatchObject({ state: 'failed', error: 'the answer broke off' })
  })

  it('whose page was left in the middle is a stopped one', async () => {
    const shelf = createMemoryShelf()
    const { talks, start } = setUp(hang, shelf)
    const { id } = talks.create(settings)
    void talks.ask(id, { text: 'one', images: [] })
    await vi.waitFor(async () => expect(await shelf.read(id)).toBeDefined())
    const reloaded = start()
    await vi.waitFor(() => expect(lastTurn(reloaded, id)).toMatchObject({ state: 'stopped' }))
  })

  it('of a talk that is deleted meanwhile is gone with it', async () => {
    const shelf = createMemoryShelf()
    const { talks, onEnd } = setUp(hang, shelf)
    const { id } = talks.create(settings)
    const asked = talks.ask(id, { text: 'one', images: [] })
    await talks.remove([id])
    await asked
    expect(await shelf.heads()).toEqual([])
    expect(onEnd).not.toHaveBeenCalled()
  })
})

describe('talks', () => {
  it('are listed by their last change, renamed, and deleted', async () => {
    const { talks } = setUp(echo)
    const [a, b] = [talks.create(settings).id, talks.create(settings).id]
    await talks.ask(a, { text: 'first', images: [] })
    await talks.ask(b, { text: 'second', images: [] })
    await talks.rename(a, 'Mine')
    expect(talks.heads.value?.map(({ title }) => title)).toEqual(['second', 'Mine'])
    expect((await talks.readAll()).map(({ id }) => id)).toEqual([b, a])
    await talks.remove([b])
    expect(talks.heads.value?.map(({ id }) => id)).toEqual([a])
    expect(talks.open(b).value).toBeFalsy()
  })

  it('that another tab has changed or deleted are seen', async () => {
    const { talks, start } = setUp(echo)
    const [a, b] = [talks.create(settings).id, talks.create(settings).id]
    await talks.ask(a, { text: 'first', images: [] })
    await talks.ask(b, { text: 'second', images: [] })
    const fresh = talks.create(settings).id
    const other = start()
    await vi.waitFor(() => expect(other.open(a).value).toBeTruthy())
    await other.ask(a, { text: 'more', images: [] })
    await other.remove([b])
    await talks.refresh()
    expect(talks.open(a).value?.turns).toHaveLength(4)
    expect(talks.open(b).value).toBeNull()
    expect(talks.open(fresh).value).toBeTruthy()
    expect(talks.heads.value?.map(({ id }) => id)).toEqual([a])
  })

  it('that nobody asked anything are not kept', async () => {
    const shelf = createMemoryShelf()
    const { talks } = setUp(echo, shelf)
    talks.change(talks.create(settings).id, { ...settings, system: 's' })
    expect(await shelf.heads()).toEqual([])
  })

  it('that are not there are not there', async () => {
    const { talks } = setUp(echo)
    const state = talks.open('nobody')
    await vi.waitFor(() => expect(state.value).toBeNull())
  })

  it('go on in memory where the browser keeps nothing, which is told', async () => {
    const { talks } = setUp(echo, Promise.reject(new Error('no storage')))
    await vi.waitFor(() => expect(talks.notice.value).toMatch(/keeps nothing/))
    const { id } = talks.create(settings)
    await talks.ask(id, { text: 'hello', images: [] })
    expect(lastTurn(talks, id)).toMatchObject({ state: 'whole' })
  })

  it('go on where the storage is full, which is told', async () => {
    const shelf = { ...createMemoryShelf(), write: () => Promise.reject(new Error('the quota is used up')) }
    const { talks } = setUp(echo, shelf)
    const { id } = talks.create(settings)
    await talks.ask(id, { text: 'hello', images: [] })
    expect(talks.notice.value).toMatch(/the quota is used up/)
    expect(lastTurn(talks, id)).toMatchObject({ state: 'whole' })
  })
})
