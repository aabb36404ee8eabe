import { expect, it } from 'vitest'
import { findGrowth, type Sample } from './soak-watch.ts'

const samples = (serverMb: (index: number) => number): Sample[] =>
  Array.from({ length: 100 }, (_, index) => ({
    atMs: index,
    serverMb: serverMb(index),
    runnersMb: 500,
    runners: 1,
    cacheMb: 0,
    cacheDiskMb: 0,
  }))

it('finds memory that grows to the end', () => {
  expect(findGrowth(samples((index) => 100 + index * 2))).toEqual(['serverMb grew from 178 to 298'])
})

it('finds none in what is reached early and kept', () => {
  expect(findGrowth(samples((index) => Math.min(300, 100 + index * 20)))).toEqual([])
})

it('says nothing of a short time', () => {
  expect(findGrowth(samples(() => 100).slice(0, 29))).toBeUndefined()
})
