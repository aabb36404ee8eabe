import { describe, expect, it } from 'vitest'
import { chooseVictim } from './eviction.ts'
import { decidePlacement, type PlacementQuestion, type Resident } from './placement.ts'

function resident(key: string, parts: Partial<Resident> = {}): Resident {
  return { key, leases: 0, keepAliveNs: 300e9, expiresMs: 1000, lastUsedMs: 0, sizeBytes: 100, ...parts }
}

function decide(parts: Partial<PlacementQuestion<Resident>>) {
  return decidePlacement({
    neededBytes: 100,
    gpuLayers: -1,
    memory: { totalBytes: 1000, freeBytes: 500 },
    residents: [],
    maxLoadedModels: 3,
    ...parts,
  })
}

describe('the victim', () => {
  it('is the idle model that is due first', () => {
    expect(chooseVictim([resident('a', { expiresMs: 300 }), resident('b', { expiresMs: 100 })])?.key).toBe('b')
  })

  it('is an idle one even when a busy one would be due earlier', () => {
    expect(chooseVictim([resident('a', { leases: 1, expiresMs: 1 }), resident('b')])?.key).toBe('b')
  })

  it('is the least recently used one among those that stay for ever', () => {
    const forever = { keepAliveNs: Number.POSITIVE_INFINITY, expiresMs: Number.POSITIVE_INFINITY }
    expect(chooseVictim([resident('a', { ...forever, lastUsedMs: 2 }), resident('b', { ...forever, lastUsedMs: 1 })])?.key).toBe('b')
  })

  it('is the busy one with the shortest keep-alive when all are busy', () => {
    expect(chooseVictim([resident('a', { leases: 1 }), resident('b', { leases: 1, keepAliveNs: 1 })])?.key).toBe('b')
  })

  it('is nobody where nothing is loaded', () => {
    expect(chooseVictim([])).toBeUndefined()
  })
})

describe('a model', () => {
  it('is loaded where there is room', () => {
    expect(decide({ residents: [resident('a')] })).toEqual({ kind: 'load' })
  })

  it('may take the last free byte and not one more', () => {
    expect(decide({ neededBytes: 500 }).kind).toBe('load')
    expect(decide({ neededBytes: 501 })).toEqual({ kind: 'refuse', neededBytes: 501, availableBytes: 500 })
  })

  it('evicts when the number of models is reached', () => {
    expect(decide({ residents: [resident('a')], maxLoadedModels: 1 })).toMatchObject({ kind: 'evict', victim: { key: 'a' } })
  })

  it('evicts when another one holds the memory it needs', () => {
    expect(decide({ neededBytes: 550, residents: [resident('a')] }).kind).toBe('evict')
    expect(decide({ neededBytes: 601, residents: [resident('a')] }).kind).toBe('refuse')
  })

  it('never counts on more than the machine has', () => {
    const memory = { totalBytes: 550, freeBytes: 500 }
    expect(decide({ neededBytes: 551, memory, residents: [resident('a')] })).toMatchObject({ kind: 'refuse', availableBytes: 550 })
  })

  it('may use the memory of devices unless it is told to stay off them', () => {
    const memory = { totalBytes: 1000, freeBytes: 500, freeVramBytes: 300 }
    expect(decide({ neededBytes: 700, memory }).kind).toBe('load')
    expect(decide({ neededBytes: 700, memory, gpuLayers: 0 }).kind).toBe('refuse')
  })
})
