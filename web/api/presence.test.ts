import { expect, it, vi } from 'vitest'
import { Failure } from './failure.ts'
import { createPresence } from './presence.ts'

it('follows what each answer says of the server', () => {
  const watch = createPresence(async () => ({ version: '1' }))
  expect(watch.presence.value).toEqual({ kind: 'unknown' })
  watch.note(new Failure('away', ''))
  expect(watch.presence.value).toEqual({ kind: 'away' })
  watch.note(new Failure('locked', 'a key, please'))
  expect(watch.presence.value).toEqual({ kind: 'locked', message: 'a key, please' })
  watch.note(new Failure('refused', 'no such model'))
  expect(watch.presence.value).toEqual({ kind: 'here' })
})

it('tells nobody that a server which is there is there', () => {
  const watch = createPresence(async () => ({ version: '1' }))
  watch.note()
  const listener = vi.fn()
  watch.presence.subscribe(listener)
  watch.note()
  expect(listener).not.toHaveBeenCalled()
})

it('asks for the version, keeps the last one, and never fails', async () => {
  let answer = async (): Promise<{ version: string }> => ({ version: '1' })
  const watch = createPresence(() => answer())
  await watch.probe()
  answer = () => Promise.reject(new Failure('away', ''))
  await watch.probe()
  expect(watch.versions.value).toEqual({ version: '1' })
})
