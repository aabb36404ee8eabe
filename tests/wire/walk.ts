// Walks the fields of an API: each has one of three fates. It reaches the model or the answer, it is refused by name, or it is named in a header.

import { expect, it } from 'vitest'
import type { ChatEvent } from '../../src/chat/event.ts'
import { eventsOf, timings } from '../../src/http/testing/fake-service.ts'
import { OPTION_TYPES } from '../../src/model/options.ts'
import { answersOf } from './answers.ts'
import { type Answer, send, startWire } from './harness.ts'

export type Fate = 'works' | 'refused' | 'named'
export type Walk = Record<string, [value: unknown, fate: Fate]>
/** A walk of all fields that a type has, so that a client's new version cannot bring one unseen. */
export type WalkOf<T> = Walk & Record<Exclude<keyof T, symbol | number>, [value: unknown, fate: Fate]>

/** Ollama's options at the top of a body, but those that an API has itself. */
export function optionsBut(own: object): Walk {
  const others = Object.keys(OPTION_TYPES).filter((name) => !(name in own))
  return Object.fromEntries(others.map((name) => [name, [7, 'works']]))
}

/** `isAbout` tells whether the body of a refusal names the field. */
export function walkFields(
  path: string,
  least: Record<string, unknown>,
  walk: Walk,
  isAbout: (body: unknown, field: string) => void,
): void {
  it.each(Object.entries(walk))('%s is not dropped in silence', async (field, [value, fate]) => {
    const before = await ask(path, least)
    const after = await ask(path, { ...least, [field]: value })
    const named = String(after.answer.headers['x-llamero-warnings'] ?? '').split(', ')
    if (fate === 'refused') {
      expect(after.answer.status).toBe(400)
      isAbout(JSON.parse(after.answer.text), field)
      return
    }
    expect(after.answer, after.answer.text).toMatchObject({ status: 200 })
    if (fate === 'named') expect(named).toContain(field)
    else expect(named).not.toContain(field)
    const isDifferent = JSON.stringify([after.calls, plain(after.answer)]) !== JSON.stringify([before.calls, plain(before.answer)])
    expect(isDifferent).toBe(fate === 'works')
  })
}

/** `path` may have a method before it. The answer of a service that says a little of everything, and what the service was asked. */
export async function ask(path: string, body: unknown): Promise<{ answer: Answer; calls: unknown[] }> {
  const events = (): AsyncIterable<ChatEvent> =>
    eventsOf<ChatEvent>(
      { type: 'thinking-delta', text: 't' },
      { type: 'text-delta', text: 'y', logprobs: [{ token: 'y', logprob: -1, bytes: [121] }] },
      { type: 'finish', reason: 'stop', timings: { ...timings, cachedTokens: 4 } },
    )
  await using server = await startWire(answersOf(events))
  const [target = '', method = 'POST'] = path.split(' ').reverse()
  const answer = await send(server, { method, path: target, body: JSON.stringify(body) })
  return { answer, calls: server.service.calls.filter(({ name }) => name !== 'identify') }
}

/** Without what is never the same. */
function plain({ text }: Answer): string {
  return text.replace(/"(?:item_)?id":"[^"]*"|"(?:created|created_at|completed_at)":(?:\d+|"[^"]*")/g, '')
}
