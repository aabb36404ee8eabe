import { describe, expect, it } from 'vitest'
import { compareTexts, NEARLY_EVEN, type TracedText } from './same-text.ts'

/** Tokens as words; of the leads that are not given, all are clear. */
function traced(tokens: readonly string[], leads: Record<number, number> = {}): TracedText {
  return { text: tokens.join(''), tokens: tokens.map((token, index) => ({ bytes: Buffer.from(token), lead: leads[index] ?? 5 })) }
}

describe('compareTexts', () => {
  it('finds equal texts equal, and looks at no log-probability for that', () => {
    const text = 'the same words'
    expect(compareTexts({ text, tokens: [] }, { text, tokens: [] })).toEqual({ kind: 'equal' })
  })

  it('takes texts for the same up to a token that was nearly even on either server', () => {
    const one = traced(['a', ' llama', ' sings'], { 1: 0.34 })
    const other = traced(['a', ' river', ' flows'])
    expect(compareTexts(one, other)).toEqual({ kind: 'nearly even', lead: 0.34 })
    expect(compareTexts(other, one)).toEqual({ kind: 'nearly even', lead: 0.34 })
  })

  it('finds texts that part at a clear token different', () => {
    const one = traced(['a', ' llama', ' sings'], { 0: 0.01, 1: NEARLY_EVEN, 2: 0.01 })
    const other = traced(['a', ' river', ' flows'], { 0: 0.01, 1: 2, 2: 0.01 })
    expect(compareTexts(one, other)).toEqual({ kind: 'different', lead: NEARLY_EVEN })
  })

  it('looks at the token where they part and not at the letter', () => {
    const one = traced(['the', ' seal', ' sleeps'], { 1: 0.2 })
    const other = traced(['the', ' sea', ' sleeps'], { 1: 0.3, 2: 4 })
    expect(compareTexts(one, other)).toEqual({ kind: 'nearly even', lead: 0.2 })
    expect(compareTexts(traced(['the', ' seal', '.']), traced(['the', ' sea', '.'], { 2: 0.1 }))).toEqual({ kind: 'different', lead: 5 })
  })

  it('looks at the earlier token where the same letters were other tokens before', () => {
    const one = traced(['ab', 'c', 'd'], { 0: 0.1 })
    const other = traced(['a', 'bc', 'e'], { 0: 0.2 })
    expect(compareTexts(one, other)).toEqual({ kind: 'nearly even', lead: 0.1 })
  })

  it('asks the longer one where the other ended before', () => {
    expect(compareTexts(traced(['a', ' b']), traced(['a', ' b', ' c'], { 2: 0.1 }))).toEqual({ kind: 'nearly even', lead: 0.1 })
    expect(compareTexts(traced(['a', ' b', ' c']), traced(['a', ' b']))).toEqual({ kind: 'different', lead: 5 })
  })

  it('counts bytes, so that parts of a letter may be tokens', () => {
    const [head, tail] = [Buffer.from([0xc3]), Buffer.from([0xa4])]
    const one = { text: 'ä', tokens: [head, tail].map((bytes, index) => ({ bytes, lead: index === 1 ? 0.1 : 5 })) }
    const other = { text: 'ö', tokens: [head, Buffer.from([0xb6])].map((bytes) => ({ bytes, lead: 5 })) }
    expect(compareTexts(one, other)).toEqual({ kind: 'nearly even', lead: 0.1 })
  })

  it('does not believe a server that goes another way when it is asked again', () => {
    const measured = ['a', ' llama', ' sings']
    const again = { text: measured.join(''), tokens: traced(['the', ' llama'], { 0: 0.1, 1: 0.1 }).tokens }
    expect(compareTexts(again, traced(['a', ' river', ' flows'], { 1: 3 }))).toEqual({ kind: 'different', lead: 3 })
    expect(compareTexts(again, { ...traced(['a', ' river']), tokens: [] })).toEqual({ kind: 'different', lead: undefined })
  })

  it('knows the lead also where the server takes the other way when it is asked again', () => {
    const other = traced(['a', ' river', ' flows'], { 1: 0.2 })
    const again = { text: 'a llama sings', tokens: other.tokens }
    expect(compareTexts(again, other)).toEqual({ kind: 'nearly even', lead: 0.2 })
  })

  it('finds a text different that left the way which its server is sure of', () => {
    const other = traced(['a', ' river', ' flows'])
    expect(compareTexts({ text: 'a llama sings', tokens: other.tokens }, other)).toEqual({ kind: 'different', lead: 5 })
  })
})
