// All talks of this browser, and the replies that are under way. A reply goes on while another page is looked at, is kept every few seconds and at its
// end, and dies with the page. What does not fit into the storage any more pushes out what has not changed for longest, and the user is told.

import type { ChatRequestBody, ChatResponseBody } from '../../src/api/chat.ts'
import { toFailure } from '../api/failure.ts'
import { createState, type State } from '../base/state.ts'
import { addRecord, beginReply, endReply, type Reply } from './reply.ts'
import type { TalkSettings } from './settings.ts'
import { beyondLimits, createMemoryShelf, newestFirst, type TalkShelf } from './shelf.ts'
import {
  beforeLastQuestion,
  beforeLastReply,
  createTalk,
  type Talk,
  type TalkHead,
  type TalkImage,
  type Turn,
  toHead,
  toRequest,
  withLastTurn,
  withTitle,
  withTurns,
} from './talk.ts'

export interface Talks {
  /** Newest first; undefined until they are read. */
  readonly heads: State<readonly TalkHead[] | undefined>
  /** What went wrong with the storage, or what was pushed out of it. */
  readonly notice: State<string | undefined>
  /** What other tabs have written meanwhile. */
  refresh(): Promise<void>
  /** Undefined while it is read, null where there is none. */
  open(id: string): State<Talk | undefined | null>
  create(settings: TalkSettings): Talk
  change(id: string, settings: TalkSettings): void
  ask(id: string, question: { text: string; images: TalkImage[] }): Promise<void>
  /** The last question, changed. */
  askInstead(id: string, text: string): Promise<void>
  askAgain(id: string): Promise<void>
  answerCall(id: string, results: readonly Turn[]): Promise<void>
  stop(id: string): void
  rename(id: string, title: string): Promise<void>
  remove(ids: readonly string[]): Promise<void>
  readAll(): Promise<Talk[]>
}

export interface TalksOptions {
  shelf: Promise<TalkShelf>
  chat(request: ChatRequestBody, signal: AbortSignal): AsyncIterable<ChatResponseBody>
  nowMs(): number
  newId(): string
  /** A reply has ended. */
  onEnd?(reply: Reply): void
}

/** Drawing a reply for each token would take time from the model that writes it. */
const DRAW_PAUSE_MS = 80
const SAVE_PAUSE_MS = 3000

export function createTalks(options: TalksOptions): Talks {
  return new BrowserTalks(options)
}

class BrowserTalks implements Talks {
  readonly heads = createState<readonly TalkHead[] | undefined>(undefined)
  readonly notice = createState<string | undefined>(undefined)
  private readonly opened = new Map<string, State<Talk | undefined | null>>()
  private readonly running = new Map<string, AbortController>()
  private readonly options: TalksOptions
  private readonly shelf: Promise<TalkShelf>

  constructor(options: TalksOptions) {
    this.options = options
    this.shelf = options.shelf.catch(() => {
      this.notice.set('This browser keeps nothing for this page: the talks are gone when it is closed.')
      return createMemoryShelf()
    })
    void this.refresh()
  }

  async refresh(): Promise<void> {
    const kept = await this.attempt((shelf) => shelf.heads())
    if (!kept) return
    const running = (this.heads.value ?? []).filter(({ id }) => this.running.has(id))
    this.heads.set(newestFirst([...running, ...kept.filter(({ id }) => !this.running.has(id))]))
    for (const [id, state] of this.opened) {
      const head = kept.find((one) => one.id === id)
      const known = state.value
      if (!known || known.turns.length === 0 || this.running.has(id)) continue
      if (!head) state.set(null)
      else if (head.changedMs > known.changedMs) state.set((await this.read(id)) ?? null)
    }
  }

  open(id: string): State<Talk | undefined | null> {
    const known = this.opened.get(id)
    if (known) return known
    const state = createState<Talk | undefined | null>(undefined)
    this.opened.set(id, state)
    void this.read(id).then((talk) => {
      if (state.value === undefined) state.set(talk ?? null)
    })
    return state
  }

  create(settings: TalkSettings): Talk {
    const talk = createTalk(settings, { id: this.options.newId(), nowMs: this.options.nowMs() })
    this.opened.set(talk.id, createState<Talk | undefined | null>(talk))
    return talk
  }

  change(id: string, settings: TalkSettings): void {
    const talk = this.open(id).value
    if (!talk) return
    this.put({ ...talk, settings })
    if (talk.turns.length > 0) void this.save(id)
  }

  ask(id: string, question: { text: string; images: TalkImage[] }): Promise<void> {
    return this.run(id, (turns) => [...turns, { kind: 'question', ...question }])
  }

  askInstead(id: string, text: string): Promise<void> {
    return this.run(id, (turns) => {
      const before = beforeLastQuestion(turns)
      const former = turns[before.length]
      return [...before, { kind: 'question', text, images: former?.kind === 'question' ? former.images : [] }]
    })
  }

  askAgain(id: string): Promise<void> {
    return this.run(id, beforeLastReply)
  }

  answerCall(id: string, results: readonly Turn[]): Promise<void> {
    return this.run(id, (turns) => [...turns, ...results])
  }

  stop(id: string): void {
    this.running.get(id)?.abort()
  }

  async rename(id: string, title: string): Promise<void> {
    const talk = this.opened.get(id)?.value ?? (await this.read(id))
    if (!talk) return
    this.put(withTitle(talk, title))
    await this.save(id)
  }

  async remove(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      this.stop(id)
      this.opened.get(id)?.set(null)
      this.opened.delete(id)
    }
    this.heads.set((this.heads.value ?? []).filter(({ id }) => !ids.includes(id)))
    await this.attempt((shelf) => shelf.remove(ids))
  }

  async readAll(): Promise<Talk[]> {
    const talks = await Promise.all((this.heads.value ?? []).map(async ({ id }) => this.opened.get(id)?.value ?? this.read(id)))
    return talks.filter((talk) => talk !== undefined && talk !== null)
  }

  /** One reply at a time in a talk. */
  private async run(id: string, toTurns: (turns: readonly Turn[]) => Turn[]): Promise<void> {
    const talk = this.opened.get(id)?.value
    if (!talk || this.running.has(id)) return
    const { nowMs } = this.options
    const asked = withTurns(talk, toTurns(talk.turns), nowMs())
    const controller = new AbortController()
    this.running.set(id, controller)
    this.put(withTurns(asked, [...asked.turns, beginReply(asked.settings.model)], nowMs()))
    void this.save(id)
    const reply = await this.follow(id, asked, controller.signal)
    this.running.delete(id)
    // Removed meanwhile.
    if (!this.opened.get(id)?.value) return
    this.putReply(id, reply)
    this.options.onEnd?.(reply)
    await this.save(id)
  }

  private async follow(id: string, asked: Talk, signal: AbortSignal): Promise<Reply> {
    const { chat, nowMs } = this.options
    const startedMs = nowMs()
    let [drawnMs, savedMs] = [0, startedMs]
    let reply = beginReply(asked.settings.model)
    try {
      for await (const record of chat(toRequest(asked), signal)) {
        const now = nowMs()
        reply = addRecord(reply, record, now - startedMs)
        if (now - drawnMs >= DRAW_PAUSE_MS) {
          drawnMs = now
          this.putReply(id, reply)
        }
        if (now - savedMs >= SAVE_PAUSE_MS) {
          savedMs = now
          void this.save(id)
        }
      }
      return endReply(reply, { state: 'failed', error: 'the answer broke off' })
    } catch (error) {
      const { kind, message } = toFailure(error)
      return endReply(reply, kind === 'stopped' ? { state: 'stopped' } : { state: 'failed', error: message })
    }
  }

  private putReply(id: string, reply: Reply): void {
    const talk = this.opened.get(id)?.value
    if (talk) this.put(withLastTurn(talk, reply, this.options.nowMs()))
  }

  private put(talk: Talk): void {
    const state = this.opened.get(talk.id)
    if (state) state.set(talk)
    else this.opened.set(talk.id, createState<Talk | undefined | null>(talk))
  }

  private async read(id: string): Promise<Talk | undefined> {
    const talk = await this.attempt((shelf) => shelf.read(id))
    const last = talk?.turns.at(-1)
    // Nobody goes on with what the page was left in the middle of.
    if (!talk || last?.kind !== 'reply') return talk
    return withLastTurn(talk, endReply(last, { state: 'stopped' }), talk.changedMs)
  }

  private async save(id: string): Promise<void> {
    const talk = this.opened.get(id)?.value
    if (!talk) return
    const head = toHead(talk)
    const heads = newestFirst([head, ...(this.heads.value ?? []).filter((one) => one.id !== id)])
    this.heads.set(heads)
    await this.attempt((shelf) => shelf.write(talk))
    const beyond = beyondLimits(heads).filter((one) => !this.running.has(one.id) && one.id !== id)
    if (beyond.length === 0) return
    await this.remove(beyond.map((one) => one.id))
    this.notice.set(`The oldest talks made room for new ones: ${beyond.map(({ title }) => `“${title}”`).join(', ')}.`)
  }

  private async attempt<T>(task: (shelf: TalkShelf) => Promise<T>): Promise<T | undefined> {
    try {
      return await task(await this.shelf)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      this.notice.set(`The browser's storage failed, so this talk may be gone when the page is closed: ${reason}`)
      return undefined
    }
  }
}
