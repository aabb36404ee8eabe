import { expect, it, vi } from 'vitest'
import { createState } from './state.ts'

it('tells those who listen of each change, and of nothing else', () => {
  const state = createState(1)
  const listener = vi.fn()
  const end = state.subscribe(listener)
  state.set(2)
  state.set(2)
  expect(listener).toHaveBeenCalledOnce()
  end()
  state.set(3)
  expect(listener).toHaveBeenCalledOnce()
  expect(state.value).toBe(3)
})

it('lets a listener leave while others are told', () => {
  const state = createState(1)
  const last = vi.fn()
  const end = state.subscribe(() => end())
  state.subscribe(last)
  state.set(2)
  expect(last).toHaveBeenCalledOnce()
})
