import { describe, expect, it } from 'vitest'
import { narrow } from './sequence-state.ts'

/** As the engine writes it: magic, sequence, number of sequences, a word for each; cells behind the word that counts them. */
function stateOf(sequence: number, sequences: number): Uint8Array {
  const words = Array.from({ length: sequences }, (_, at) => (at === sequence ? [3, 71, 72, 73] : [0])).flat()
  return new Uint8Array(Uint32Array.of(1, sequence, sequences, ...words).buffer)
}

describe('narrow', () => {
  it.each([
    [0, 8, 1],
    [0, 8, 2],
    [3, 8, 1],
    [7, 8, 1],
    [7, 8, 4],
    [5, 8, 7],
  ])('makes a state of sequence %i of %i one of a context with %i', (sequence, most, open) => {
    const narrowed = narrow(stateOf(sequence, most), { open, most })
    const place = Math.max(0, sequence - Math.max(0, most - open - (most - 1 - sequence)))
    const expected = stateOf(place, open)
    new Uint32Array(expected.buffer)[1] = sequence
    expect(narrowed).toEqual(expected)
  })

  it('gives the state itself where all sequences are there, and changes it nowhere', () => {
    const state = stateOf(2, 4)
    expect(narrow(state, { open: 4, most: 4 })).toBe(state)
    narrow(state, { open: 1, most: 4 })
    expect(state).toEqual(stateOf(2, 4))
  })

  it('refuses what is no state for so many sequences', () => {
    expect(narrow(stateOf(0, 4), { open: 1, most: 8 })).toBeUndefined()
    expect(narrow(new Uint8Array(20), { open: 1, most: 8 })).toBeUndefined()
    expect(narrow(new Uint8Array(0), { open: 1, most: 2 })).toBeUndefined()
  })
})
