// A function of a native library by its C signature. What it gives is for the caller to say, once, where it is bound. Koffi calls on stacks of its
// own, and that of a call by another thread is of 128 KiB, too little for an engine; its size can be set only before any library is loaded.

import koffi, { type LibraryHandle } from 'koffi'

/** Koffi's own choice for calls that the caller waits for. */
export const THREAD_STACK_BYTES = 2 * 1024 * 1024

koffi.config({ async_stack_size: THREAD_STACK_BYTES })

export type NativeFunction = (...values: readonly unknown[]) => unknown

export function binderOf(library: LibraryHandle): (signature: string) => NativeFunction {
  return (signature) => library.func(signature)
}

/** Another thread calls it. */
export function threadBinderOf(library: LibraryHandle): (signature: string) => (...values: readonly unknown[]) => Promise<unknown> {
  return (signature) => {
    const { async: call } = library.func(signature)
    return (...values) =>
      new Promise((resolve, reject) => {
        call(...values, (error: unknown, result: unknown) => (error ? reject(error) : resolve(result)))
      })
  }
}
