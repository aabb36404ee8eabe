import { describe, expect, it } from 'vitest'
import { type PrefixEntry, PrefixIndex } from './prefix-index.ts'

const count = (length: number, from = 0) => Array.from({ length }, (_, index) => from + index)

function entry(name: string, tokens: number[], parts: Partial<PrefixEntry> = {}): PrefixEntry {
  return { name, tokens: Int32Array.from(tokens), leastLength: 1, sizeBytes: tokens.length, ...parts }
}

function indexOf(...entries: PrefixEntry[]): PrefixIndex<PrefixEntry> {
  const index = new PrefixIndex()
  for (const one of entries) index.add(one)
  return index
}

const roomy = { contextTokens: 1000 }

describe('PrefixIndex', () => {
  it('finds the state that serves most tokens of a prompt', () => {
    const index = indexOf(entry('short', count(10)), entry('long', count(50)), entry('other', count(90, 7)))
    expect(index.best(count(60), roomy)).toMatchObject({ entry: { name: 'long' }, length: 50 })
  })

  it('takes the smaller of two that serve the same', () => {
    const index = indexOf(entry('large', [...count(50), 1, 2, 3]), entry('small', count(50)), entry('larger', [...count(50), 9, 9, 9, 9]))
    expect(index.best([...count(50), 77, 78], roomy)?.entry.name).toBe('small')
  })

  it('serves a part of a state where the engine can cut it', () => {
    expect(indexOf(entry('a', count(50))).best([...count(20), 99, 99], roomy)?.length).toBe(20)
  })

  it('leaves one token of the prompt to be evaluated', () => {
    expect(indexOf(entry('a', count(50))).best(count(50), roomy)?.length).toBe(49)
  })

  it('serves a state that cannot be cut only to prompts that go beyond it', () => {
    const index = indexOf(entry('a', count(50), { leastLength: 50 }))
    expect(index.best(count(50), roomy)).toBeUndefined()
    expect(index.best([...count(49), 99, 99], roomy)).toBeUndefined()
    expect(index.best(count(51), roomy)?.length).toBe(50)
  })

  it('serves no state that the context has no room for', () => {
    const index = indexOf(entry('large', count(50)), entry('small', count(20)))
    expect(index.best(count(60), { contextTokens: 49 })?.entry.name).toBe('small')
    expect(index.best(count(60), { contextTokens: 50 })?.entry.name).toBe('large')
  })

  it('has nothing for a prompt that begins otherwise', () => {
    expect(indexOf(entry('a', count(50))).best(count(50, 1), roomy)).toBeUndefined()
  })

  it.each([
    { name: 'just those tokens', tokens: count(50), covered: true },
    { name: 'fewer than are there', tokens: count(30), covered: true },
    { name: 'a few more', tokens: count(53), covered: true },
    { name: 'more than a few more', tokens: count(54), covered: false },
    { name: 'others at the end', tokens: [...count(46), 1, 1, 1, 1], covered: false },
  ])('tells whether tokens are covered: $name', ({ tokens, covered }) => {
    expect(indexOf(entry('a', count(50))).covers(tokens, 3)).toBe(covered)
  })

  it('does not cover fewer tokens by a state that cannot be cut', () => {
    const index = indexOf(entry('a', count(50), { leastLength: 50 }))
    expect(index.covers(count(48), 3)).toBe(false)
    expect(index.covers(count(50), 3)).toBe(true)
  })

  it('knows which states a longer one replaces', () => {
    const index = indexOf(entry('same talk', count(20)), entry('other talk', count(20, 5)), entry('longer', count(60)))
    expect(index.replacedBy(entry('new', count(50))).map(({ name }) => name)).toEqual(['same talk'])
  })

  it('replaces no state by one that cannot be cut to it', () => {
    const index = indexOf(entry('a', count(20)))
    expect(index.replacedBy(entry('new', count(50), { leastLength: 50 }))).toEqual([])
  })

  it('lists what was not used for longest first', () => {
    const index = indexOf(entry('a', [1]), entry('b', [2]))
    index.add(entry('a', [1]))
    expect(index.all().map(({ name }) => name)).toEqual(['b', 'a'])
    index.remove('b')
    expect(index.size).toBe(1)
  })
})
