// A conversion as its users see it: what it will be is known before anything is written. Files of strangers are parsed on the way, and a parser
// takes what a file makes it take: so a server has it done in a process of its own (src/converter.ts); here it happens in this one.

import { throwIfAborted } from '../base/abort.ts'
import type { GgufHead } from '../gguf/types.ts'
import { ggufSizeBytes, writeGgufFile } from '../gguf/writer.ts'
import { convertAdapter } from './adapter.ts'
import { convertModel } from './convert.ts'

export interface ConversionSource {
  /** Places of the files by their relative names. */
  paths: ReadonlyMap<string, string>
  /** They are an adapter, for this model. */
  base?: GgufHead | undefined
}

export interface Conversion extends AsyncDisposable {
  /** Of the file that it will be. */
  readonly sizeBytes: number
  /** What of the source is not in the file, in words for a person. */
  readonly notes: readonly string[]
  write(path: string): Promise<void>
}

/** Throws `invalid_gguf` and `not_supported`. */
export type Convert = (source: ConversionSource, signal?: AbortSignal) => Promise<Conversion>

export const convertHere: Convert = async ({ paths, base }, signal) => {
  throwIfAborted(signal)
  const { content, notes } = base ? { content: await convertAdapter(paths, base), notes: [] } : await convertModel(paths)
  return {
    sizeBytes: ggufSizeBytes(content),
    notes,
    write: (path) => writeGgufFile(path, content, signal),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}
