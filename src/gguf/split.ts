// Models in several files: `name-00001-of-00003.gguf`, with split.no, split.count and split.tensors.count in each head.

import { invalidGguf } from './byte-source.ts'
import { getNumber } from './metadata.ts'
import type { GgufHead } from './types.ts'

export interface SplitFileName {
  /** Everything before `-00001-of-00003.gguf`, folders included. */
  prefix: string
  /** From 1 to `count`. */
  index: number
  count: number
}

const SPLIT_NAME = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/

/** Undefined for a name that is not of the pattern, or whose numbers contradict each other. */
export function splitFileName(path: string): SplitFileName | undefined {
  const match = SPLIT_NAME.exec(path)
  if (!match) return undefined
  const [, prefix = '', index = '', count = ''] = match
  const name = { prefix, index: Number(index), count: Number(count) }
  return name.index >= 1 && name.index <= name.count ? name : undefined
}

/** Whether the head is one of several files. */
export function isSplit(head: GgufHead): boolean {
  return (getNumber(head, 'split.count') ?? 1) > 1
}

/** The heads in the order of their files. Throws `invalid_gguf` where they are not one whole model. */
export function checkSplit(heads: readonly GgufHead[]): void {
  const names = new Set<string>()
  for (const [index, head] of heads.entries()) {
    const count = getNumber(head, 'split.count')
    if (count !== heads.length) throw invalidGguf(`file ${index + 1} belongs to a model of ${count ?? 1} files, not of ${heads.length}`)
    const number = getNumber(head, 'split.no')
    if (number !== index) throw invalidGguf(`file ${index + 1} says split.no ${number}, not ${index}`)
    for (const { name } of head.tensors) {
      if (names.has(name)) throw invalidGguf(`the tensor ${JSON.stringify(name)} is in two of the files`)
      names.add(name)
    }
  }
  const wanted = heads[0] && getNumber(heads[0], 'split.tensors.count')
  if (wanted !== names.size) throw invalidGguf(`the files have ${names.size} tensors, split.tensors.count says ${wanted}`)
}
