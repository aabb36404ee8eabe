import { describe, expect, it } from 'vitest'
import type { ResponseBody } from './responses-body.ts'
import { ResponseStore, type StoredResponse } from './responses-store.ts'

const kept = (id: string, fields: Partial<StoredResponse> = {}): StoredResponse => ({
  body: { id } as ResponseBody,
  messages: [],
  input: [],
  ...fields,
})

describe('kept responses', () => {
  it('are there until they are deleted', () => {
    const store = new ResponseStore()
    const response = kept('a')
    store.add(response)
    expect(store.get('a')).toBe(response)
    expect(store.delete('a')).toBe(true)
    expect(store.delete('a')).toBe(false)
    expect(store.get('a')).toBeUndefined()
  })

  it('go oldest first when there are too many', () => {
    const store = new ResponseStore({ responses: 2, bytes: 1_000_000 })
    for (const id of ['a', 'b', 'c']) store.add(kept(id))
    expect(['a', 'b', 'c'].map((id) => store.get(id) !== undefined)).toEqual([false, true, true])
  })

  it('go oldest first when they are too large, images counted', () => {
    const store = new ResponseStore({ responses: 100, bytes: 1_000 })
    const image = (bytes: number) => ({ messages: [{ role: 'user', content: '', images: [new Uint8Array(bytes)] }] })
    store.add(kept('a', image(300)))
    store.add(kept('b', image(300)))
    expect(store.get('a')).toBeDefined()
    store.add(kept('c', image(500)))
    expect(['a', 'b', 'c'].map((id) => store.get(id) !== undefined)).toEqual([false, true, true])
    store.delete('b')
    store.add(kept('d', image(300)))
    expect(store.get('c')).toBeDefined()
  })

  it('are not kept where one alone is beyond the bound', () => {
    const store = new ResponseStore({ responses: 100, bytes: 1_000 })
    store.add(kept('a', { input: ['x'.repeat(2_000)] }))
    expect(store.get('a')).toBeUndefined()
    store.add(kept('b'))
    expect(store.get('b')).toBeDefined()
  })
})
