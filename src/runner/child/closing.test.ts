import { describe, expect, it } from 'vitest'
import { END_TOKEN, ScriptedEngine } from '../testing/scripted-engine.ts'
import { Closing } from './closing.ts'

const QUOTE = 34
const BRACE = 125

function closing() {
  return new Closing(new ScriptedEngine(), { tokensLeft: 10, texts: ['"', '}', 'more than one token'] })
}

describe('a reply that must come to its end', () => {
  it('is left alone while there are tokens left', () => {
    expect(closing().next(11)).toBeUndefined()
  })

  it('should end, or else close what is open, when they run out', () => {
    expect(closing().next(10)).toEqual([END_TOKEN, QUOTE, BRACE])
  })

  it('should end when the model goes round in circles', () => {
    const circling = closing()
    for (let count = 0; count < 60; count++) circling.see(97, 'Sabahai_Bahama_')
    expect(circling.next(1000)).toEqual([END_TOKEN, QUOTE, BRACE])
  })

  it('goes on with text that says something', () => {
    const talking = closing()
    for (let count = 0; count < 400; count++) talking.see(97, `line ${count * 7919} of a table: ${Math.sqrt(count).toFixed(9)}\n`)
    expect(talking.next(1000)).toBeUndefined()
  })

  it('is cut when a text had to be ended, and not when only no more was begun', () => {
    const ended = closing()
    ended.next(5)
    expect(ended.cut).toBe(false)
    ended.see(BRACE, '}')
    expect(ended.cut).toBe(false)
    ended.see(QUOTE, '"')
    expect(ended.cut).toBe(true)
  })

  it('is not cut by quotes of its own', () => {
    const own = closing()
    own.see(QUOTE, '"')
    own.next(5)
    expect(own.cut).toBe(false)
  })
})
