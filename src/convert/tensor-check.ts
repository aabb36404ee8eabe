// Whether the tensors make a whole model. The engine would find the same, but only when somebody runs the model.

import type { GgufEntry, GgufTensorData } from '../gguf/writer.ts'
import { invalidModel } from './failure.ts'
import type { Metadata } from './metadata.ts'

/** Throws `invalid_gguf` for a tensor twice, a block too many, a block that lacks what another has, and an embedding of another size. */
export function checkTensors(tensors: readonly GgufTensorData[], metadata: Metadata): void {
  const entries = new Map(metadata.entries.map((entry) => [entry.key, entry]))
  const names = new Set<string>()
  for (const { name } of tensors) {
    if (names.has(name)) throw invalidModel(`two tensors would have the name ${JSON.stringify(name)}`)
    names.add(name)
  }
  checkBlocks(names, Number(scalar(entries.get(metadata.own('block_count')))))
  const embedding = tensors.find(({ name }) => name === 'token_embd.weight')
  if (!embedding) throw invalidModel('there is no embedding of tokens')
  const vocabulary = entries.get('tokenizer.ggml.tokens')
  const tokens = vocabulary?.type === 'array' ? vocabulary.values.length : 0
  const [width = 0, rows = 0] = embedding.shape
  const wanted = Number(scalar(entries.get(metadata.own('embedding_length'))))
  if (rows !== tokens || width !== wanted)
    throw invalidModel(`the embedding has ${rows} rows of ${width} numbers, the configuration asks for ${tokens} of ${wanted}`)
}

function checkBlocks(names: ReadonlySet<string>, count: number): void {
  const kinds = new Set<string>()
  for (const name of names) {
    const [, block, kind] = /^blk\.(\d+)\.(.+)$/.exec(name) ?? []
    if (kind === undefined) continue
    if (Number(block) >= count)
      throw invalidModel(`the tensor ${JSON.stringify(name)} is of a block that the ${count} of the configuration do not have`)
    kinds.add(kind)
  }
  if (kinds.size * count > names.size) {
    for (let block = 0; block < count; block++)
      for (const kind of kinds) if (!names.has(`blk.${block}.${kind}`)) throw invalidModel(`the tensor "blk.${block}.${kind}" is missing`)
  }
  if (kinds.size === 0 && count > 0) throw invalidModel(`there is no tensor of the ${count} blocks of the configuration`)
}

function scalar(entry: GgufEntry | undefined): unknown {
  return entry?.type === 'array' ? undefined : entry?.value
}
