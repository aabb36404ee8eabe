// Whether a LoRA adapter is made for a model: each pair of its matrices must belong to a tensor of the model and have its width and height. The
// engine checks the same when it loads both; here it is said while the model is created, with the tensor that does not fit.

import { AppError } from '../../base/errors.ts'
import type { GgufHead, GgufTensor } from '../../gguf/types.ts'

const EMBEDDING = /^token_embd\.weight$/

/** Throws `invalid_gguf`. */
export function checkAdapterFits(adapter: GgufHead, base: GgufHead): void {
  const pairs = adapter.tensors.filter(({ name }) => name.endsWith('.lora_a'))
  if (pairs.length === 0) throw new AppError('invalid_gguf', 'the adapter has no LoRA tensors')
  const parts = new Map(adapter.tensors.map((tensor) => [tensor.name, tensor]))
  const tensors = new Map(base.tensors.map((tensor) => [tensor.name, tensor]))
  for (const a of pairs) {
    const name = a.name.slice(0, -'.lora_a'.length)
    const b = parts.get(`${name}.lora_b`)
    if (!b) throw new AppError('invalid_gguf', `the adapter has half of the tensor ${JSON.stringify(name)}: ${name}.lora_b is missing`)
    const target = tensors.get(name)
    if (!target) throw wrongBase(name, 'which the model does not have')
    if (!fits({ a, b, target })) throw wrongBase(name, `of ${sizes(target)}, with matrices of ${sizes(a)} and ${sizes(b)}`)
  }
}

interface Pair {
  a: GgufTensor
  b: GgufTensor
  target: GgufTensor
}

/** As ggml has them: the first dimension is the row's length. The embedding is looked up by row, so its adapter is the other way round. */
function fits({ a, b, target }: Pair): boolean {
  const [width, height] = target.shape
  if (EMBEDDING.test(target.name)) return b.shape[1] === width && a.shape[1] === height && a.shape[0] === b.shape[0]
  return a.shape[0] === width && b.shape[1] === height && a.shape[1] === b.shape[0]
}

function wrongBase(name: string, what: string): AppError {
  return new AppError('invalid_gguf', `the adapter is made for another model: it changes the tensor ${JSON.stringify(name)}, ${what}`)
}

function sizes({ shape }: GgufTensor): string {
  return shape.join(' x ')
}
