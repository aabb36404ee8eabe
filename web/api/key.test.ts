import { expect, it } from 'vitest'
import { createKeyRing } from './key.ts'

function storageWith(entries: Record<string, string>) {
  const kept = new Map(Object.entries(entries))
  return {
    kept,
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => void kept.set(name, value),
    removeItem: (name: string) => void kept.delete(name),
  }
}

it('finds the key of this tab again, and forgets it when told', () => {
  const storage = storageWith({ 'llamero.key': 'old' })
  const ring = createKeyRing(storage)
  expect(ring.key.value).toBe('old')
  ring.use('new')
  expect(storage.kept.get('llamero.key')).toBe('new')
  ring.use(undefined)
  expect([ring.key.value, storage.kept.size]).toEqual([undefined, 0])
})

it('has a key for as long as the page lives where nothing can be kept', () => {
  const ring = createKeyRing(undefined)
  ring.use('k')
  expect(ring.key.value).toBe('k')
})
