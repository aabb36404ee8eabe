// All tensors of a model: one safetensors file, or several with an index that says which tensor lies in which.

import { invalidModel } from './failure.ts'
import { MAX_CONFIG_BYTES, type ModelFiles } from './model-files.ts'
import { readSafetensors, type StoredTensor } from './safetensors.ts'

const INDEX = 'model.safetensors.index.json'
export const MAX_PARTS = 4096

/** In the order of the files' names and of their heads. Every tensor of the index is there, and none is there twice. */
export async function readWeights(files: ModelFiles): Promise<StoredTensor[]> {
  const index = await files.json(INDEX, MAX_CONFIG_BYTES)
  const places = index?.fields('weight_map')
  if (index && !places) throw invalidModel(`${INDEX} has no weight_map`)
  const parts = places ? [...new Set(places.keys.map((name) => places.text(name) ?? ''))].sort() : listParts(files)
  if (parts.length > MAX_PARTS) throw invalidModel(`${INDEX} names ${parts.length} files, the limit is ${MAX_PARTS}`)
  const tensors = new Map<string, StoredTensor>()
  for (const part of parts) {
    const path = files.path(part)
    if (path === undefined) throw invalidModel(`${INDEX} names ${JSON.stringify(part)}, which is not there`)
    for (const tensor of await readSafetensors(path, part)) {
      if (tensors.has(tensor.name)) throw invalidModel(`duplicate tensor name '${tensor.name}' was found for this model`)
      tensors.set(tensor.name, tensor)
    }
  }
  const missing = places?.keys.find((name) => !tensors.has(name))
  if (missing !== undefined) throw invalidModel(`${INDEX} names the tensor ${JSON.stringify(missing)}, which no file has`)
  return [...tensors.values()]
}

/** Those of sentence-transformers' modules lie in folders and are other models. */
function listParts({ names }: ModelFiles): string[] {
  const weights = names.filter((name) => !name.includes('/') && name.endsWith('.safetensors'))
  const usual = weights.filter((name) => name.startsWith('model'))
  const parts = usual.length > 0 ? usual : weights
  if (parts.length === 0) throw invalidModel('there is no safetensors file beside config.json')
  return parts
}
