import { describe, expect, it } from 'vitest'
import type { GgufHead, GgufTensor } from '../../gguf/types.ts'
import { estimateQuantizedBytes, type Quantization, toQuantizeSpec } from './quantization-plan.ts'

const tensor = (name: string, ...shape: number[]): GgufTensor => ({
  name,
  type: 'F16',
  shape,
  offsetBytes: 0,
  sizeBytes: 2 * shape.reduce((product, dimension) => product * dimension, 1),
})

function headOf(architecture: string, ...tensors: GgufTensor[]): GgufHead {
  return {
    version: 3,
    littleEndian: true,
    alignment: 32,
    metadata: new Map([['general.architecture', architecture]]),
    tensors,
    parameterCount: 0,
    dataOffsetBytes: 1000,
    fileSizeBytes: 0,
  }
}

const paths = { sourcePath: 'a', targetPath: 'b' }
const typesOf = (wanted: Quantization, head: GgufHead) => toQuantizeSpec(wanted, head, paths).tensorTypes

describe('the types of single tensors', () => {
  it.each([
    ['qwen35', 'blk.0.nextn.eh_proj.weight', 8],
    ['gemma3n', 'per_layer_token_embd.weight', 1],
    ['deepseek2', 'blk.3.attn_kv_a_mqa.weight', 8],
    ['glm4', 'output.weight', 1],
  ])('are more precise in few bits for what is fragile in %s', (architecture, name, type) => {
    for (const wanted of ['Q4_K_M', 'Q4_K_S', 'Q4_0', 'Q6_K'] as const) {
      const fitting = typesOf(wanted, headOf(architecture)).filter(({ pattern }) => new RegExp(pattern).test(name))
      expect(fitting.map((each) => each.type)).toEqual([type])
    }
    for (const wanted of ['F16', 'Q8_0'] as const) expect(typesOf(wanted, headOf(architecture))).toEqual([])
  })

  it('are those of the mix elsewhere', () => expect(typesOf('Q4_K_M', headOf('llama'))).toEqual([]))

  it('stay as they are for parts that are no text model, by their exact names', () => {
    const types = typesOf('Q4_K_M', headOf('gemma3', tensor('v.blk.0.attn_q.weight', 256, 256), tensor('blk.0.attn_q.weight', 256, 256)))
    expect(types).toEqual([{ pattern: '^v\\.blk\\.0\\.attn_q\\.weight$', type: 1 }])
  })
})

describe('the room that is needed', () => {
  const rowsOf = (width: number) => headOf('llama', tensor('blk.0.attn_q.weight', width, 100), tensor('blk.0.attn_norm.weight', width))
  const room = (wanted: Quantization, width: number) => estimateQuantizedBytes(wanted, rowsOf(width)) - 1256 - 64 - 2 * width

  it.each<[Quantization, number, number]>([
    ['Q4_K_M', 256, 144 * 100],
    ['Q4_K_M', 288, 9 * 22 * 100],
    ['Q4_K_M', 40, 80 * 100],
    ['Q6_K', 288, 9 * 34 * 100],
    ['Q8_0', 288, 9 * 34 * 100],
    ['Q8_0', 40, 80 * 100],
    ['F32', 40, 160 * 100],
  ])('of %s is that of its blocks, or of the type that the engine takes for rows of %d weights', (wanted, width, bytes) => {
    expect(room(wanted, width)).toBe(bytes)
  })

  it('counts what a mix prefers as the larger type', () => {
    const head = headOf('llama', tensor('blk.0.ffn_down.weight', 256, 100))
    expect(estimateQuantizedBytes('Q4_K_M', head) - 1256 - 32).toBe(210 * 100)
    expect(estimateQuantizedBytes('Q4_0', head) - 1256 - 32).toBe(8 * 18 * 100)
  })
})
