// A function of a native library by its C signature. What it gives is for the caller to say, once, where it is bound.

import type { LibraryHandle } from 'koffi'

export type NativeFunction = (...values: readonly unknown[]) => unknown

export function binderOf(library: LibraryHandle): (signature: string) => NativeFunction {
  return (signature) => library.func(signature)
}
