import { describe, expect, it } from 'vitest'
import { createBytesSource } from '../../gguf/byte-source.ts'
import { parseGgufHead } from '../../gguf/head.ts'
import type { GgufHead } from '../../gguf/types.ts'
import { writeGguf } from '../../gguf/writer.ts'
import { checkAdapterFits } from './adapter-fit.ts'

async function head(shapes: Record<string, number[]>): Promise<GgufHead> {
  const tensors = Object.entries(shapes).map(([name, shape]) => {
    return { name, type: 'F32', shape, data: new Uint8Array(4 * shape.reduce((product, size) => product * size, 1)) }
  })
  const chunks: Uint8Array[] = []
  for await (const chunk of writeGguf({ metadata: [], tensors })) chunks.push(chunk)
  return parseGgufHead(createBytesSource(Buffer.concat(chunks)))
}

const base = await head({ 'token_embd.weight': [8, 20], 'blk.0.attn_q.weight': [8, 6] })
const check = async (shapes: Record<string, number[]>) => checkAdapterFits(await head(shapes), base)

describe('a LoRA adapter', () => {
  it('fits the model whose tensors it changes', async () => {
    await check({ 'blk.0.attn_q.weight.lora_a': [8, 2], 'blk.0.attn_q.weight.lora_b': [2, 6] })
    await check({ 'token_embd.weight.lora_a': [2, 20], 'token_embd.weight.lora_b': [2, 8] })
  })

  it.each<[string, Record<string, number[]>, string]>([
    [
      'of another width',
      { 'blk.0.attn_q.weight.lora_a': [16, 2], 'blk.0.attn_q.weight.lora_b': [2, 6] },
      'of 8 x 6, with matrices of 16 x 2 and 2 x 6',
    ],
    ['of another height', { 'blk.0.attn_q.weight.lora_a': [8, 2], 'blk.0.attn_q.weight.lora_b': [2, 7] }, 'made for another model'],
    ['whose halves do not meet', { 'blk.0.attn_q.weight.lora_a': [8, 2], 'blk.0.attn_q.weight.lora_b': [3, 6] }, 'made for another model'],
    ['of a deeper model', { 'blk.9.attn_q.weight.lora_a': [8, 2], 'blk.9.attn_q.weight.lora_b': [2, 6] }, 'which the model does not have'],
    ['with half of a pair', { 'blk.0.attn_q.weight.lora_a': [8, 2] }, 'blk.0.attn_q.weight.lora_b is missing'],
    ['that is none', { 'blk.0.attn_q.weight': [8, 6] }, 'no LoRA tensors'],
  ])('%s is refused', async (_, shapes, message) => {
    await expect(check(shapes)).rejects.toMatchObject({ code: 'invalid_gguf', message: expect.stringContaining(message) })
  })
})
