import koffi from 'koffi'
import { expect, it } from 'vitest'
import { THREAD_STACK_BYTES } from './native-function.ts'

it('a function that another thread calls has as much stack as one that is waited for', () => {
  const { async_stack_size: own, sync_stack_size: usual } = koffi.config()
  expect(own).toBe(THREAD_STACK_BYTES)
  expect(own).toBe(usual)
})
