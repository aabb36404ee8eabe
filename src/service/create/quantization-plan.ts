// What a quantization comes to, before it is begun: its name, the tensors that the mix must leave more precise, and the room that the file takes.

import { AppError } from '../../base/errors.ts'
import { getText } from '../../gguf/metadata.ts'
import { findFileType, findTensorTypeByName, quantizationOf } from '../../gguf/quantization.ts'
import type { GgufHead, GgufTensor } from '../../gguf/types.ts'
import type { QuantizeSpec } from '../../runner/runner.ts'

/** Types of most matrices, and of those that a mix prefers; without a preference all are alike. */
const MIXES = {
  F32: ['F32', 'F32'],
  F16: ['F16', 'F16'],
  BF16: ['BF16', 'BF16'],
  Q8_0: ['Q8_0', 'Q8_0'],
  Q6_K: ['Q6_K', 'Q6_K'],
  Q5_K_M: ['Q5_K', 'Q6_K'],
  Q4_K_M: ['Q4_K', 'Q6_K'],
  Q4_K_S: ['Q4_K', 'Q6_K'],
  Q4_1: ['Q4_1', 'Q6_K'],
  Q4_0: ['Q4_0', 'Q6_K'],
} as const

export type Quantization = keyof typeof MIXES

const SHORT_NAMES: Readonly<Record<string, Quantization>> = { Q4_K: 'Q4_K_M', Q5_K: 'Q5_K_M' }
const UNQUANTIZED: readonly string[] = ['F32', 'F16', 'BF16'] satisfies Quantization[]

/** Any case. Throws `invalid_request` with the name of the field that it stood in. */
export function parseQuantization(text: string, param = 'quantize'): Quantization {
  const name = text.toUpperCase()
  const known = SHORT_NAMES[name] ?? name
  if (isQuantization(known)) return known
  throw new AppError('invalid_request', `unsupported quantization type ${name} - supported types are ${Object.keys(MIXES).join(', ')}`, {
    details: { param },
  })
}

function isQuantization(name: string): name is Quantization {
  return Object.hasOwn(MIXES, name)
}

/** False where the file is what is wanted. Throws `invalid_request` where it is quantized already: what it has lost does not come back. */
export function mustQuantize(head: GgufHead | undefined, wanted: Quantization): boolean {
  const current = head ? quantizationOf(head) : ''
  if (!isUnquantized(current))
    throw new AppError('invalid_request', 'quantization is only supported for F16, BF16 and F32 models', { details: { param: 'quantize' } })
  return current !== wanted
}

export function isUnquantized(name: string): boolean {
  return UNQUANTIZED.includes(name)
}

/** contract/native.md section 6.5: what loses too much in few bits. */
const PRECISE: readonly { architectures: readonly string[]; patterns: readonly string[]; type: string }[] = [
  { architectures: ['qwen35', 'qwen35moe'], patterns: ['^blk\\.[0-9]+\\.nextn\\.eh_proj\\.weight$'], type: 'Q8_0' },
  { architectures: ['gemma3n'], patterns: ['^per_layer_token_embd\\.weight$'], type: 'F16' },
  { architectures: ['deepseek2'], patterns: ['attn_(k_b|q_a|q_b|v_b|kv_a_mqa)\\.weight$'], type: 'Q8_0' },
  { architectures: ['glmocr', 'glm4'], patterns: ['^(token_embd|output)\\.weight$'], type: 'F16' },
]
/** Parts for images, audio and drafts inside of the model's own file: they stay as they are. */
const EMBEDDED_PART = /^(a|mm|mtp|s|v)\./

export function toQuantizeSpec(
  wanted: Quantization,
  head: GgufHead,
  { sourcePath, targetPath }: { sourcePath: string; targetPath: string },
) {
  const architecture = getText(head, 'general.architecture') ?? ''
  const fewBits = !isUnquantized(wanted) && wanted !== 'Q8_0'
  const kept = head.tensors
    .filter(({ name }) => EMBEDDED_PART.test(name))
    .map(({ name, type }) => override(`^${escapePattern(name)}$`, type))
  const precise = PRECISE.filter(({ architectures }) => fewBits && architectures.includes(architecture))
  const tensorTypes = [...kept, ...precise.flatMap(({ patterns, type }) => patterns.map((pattern) => override(pattern, type)))]
  return { sourcePath, targetPath, fileType: findFileType(wanted) ?? 0, tensorTypes } satisfies QuantizeSpec
}

function override(pattern: string, typeName: string): QuantizeSpec['tensorTypes'][number] {
  return { pattern, type: blockOf(typeName).code }
}

function escapePattern(name: string): string {
  return name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

const ENDS = /^(token_embd|per_layer_token_embd|output)\.weight$/
/** K-quants give these more bits in some blocks; the older types do not. */
const PREFERRED = /attn_(v|qkv|output)\b|ffn_down/
/** What the engine takes for rows that are no multiple of a type's block. */
const FALLBACKS: Readonly<Record<string, string>> = { Q4_K: 'Q5_0', Q5_K: 'Q5_1', Q6_K: 'Q8_0' }

/** Seldom less than the file will have, and seldom much more. */
export function estimateQuantizedBytes(wanted: Quantization, head: GgufHead): number {
  const [most, preferred] = MIXES[wanted]
  const isPreferred = (name: string) => ENDS.test(name) || (most.endsWith('_K') && PREFERRED.test(name))
  const tensorBytes = (tensor: GgufTensor): number => {
    if (!isMatrix(tensor)) return tensor.sizeBytes
    const type = EMBEDDED_PART.test(tensor.name) ? tensor.type : isPreferred(tensor.name) ? preferred : most
    return sizeAs(tensor, type)
  }
  // Every tensor ends at a multiple of the alignment, and the engine writes two more values into the head.
  return head.tensors.reduce((sum, tensor) => sum + tensorBytes(tensor) + head.alignment, head.dataOffsetBytes + 256)
}

function isMatrix({ name, shape }: GgufTensor): boolean {
  return shape.length > 1 && name.endsWith('weight') && !name.includes('_norm.weight')
}

function sizeAs({ shape }: GgufTensor, typeName: string): number {
  const elements = shape.reduce((product, dimension) => product * dimension, 1)
  const fits = (name: string) => (shape[0] ?? 0) % blockOf(name).blockElements === 0
  const fallback = FALLBACKS[typeName] ?? 'F16'
  const { blockElements, blockBytes } = blockOf(fits(typeName) ? typeName : fits(fallback) ? fallback : 'F16')
  return (elements / blockElements) * blockBytes
}

function blockOf(typeName: string) {
  const type = findTensorTypeByName(typeName)
  if (!type) throw new AppError('internal', `the tensor type ${typeName} is not known`)
  return type
}
