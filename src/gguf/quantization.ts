// ggml's tensor types (name, elements and bytes per block; ggml.h and ggml-common.h of llama.cpp 0.5.0) and the names of general.file_type.

import { getNumber } from './metadata.ts'
import type { GgufHead } from './types.ts'

export interface TensorType {
  name: string
  blockElements: number
  blockBytes: number
}

const TENSOR_TYPES: ReadonlyMap<number, TensorType> = new Map(
  (
    [
      [0, 'F32', 1, 4],
      [1, 'F16', 1, 2],
      [2, 'Q4_0', 32, 18],
      [3, 'Q4_1', 32, 20],
      [6, 'Q5_0', 32, 22],
      [7, 'Q5_1', 32, 24],
      [8, 'Q8_0', 32, 34],
      [9, 'Q8_1', 32, 36],
      [10, 'Q2_K', 256, 84],
      [11, 'Q3_K', 256, 110],
      [12, 'Q4_K', 256, 144],
      [13, 'Q5_K', 256, 176],
      [14, 'Q6_K', 256, 210],
      [15, 'Q8_K', 256, 292],
      [16, 'IQ2_XXS', 256, 66],
      [17, 'IQ2_XS', 256, 74],
      [18, 'IQ3_XXS', 256, 98],
      [19, 'IQ1_S', 256, 50],
      [20, 'IQ4_NL', 32, 18],
      [21, 'IQ3_S', 256, 110],
      [22, 'IQ2_S', 256, 82],
      [23, 'IQ4_XS', 256, 136],
      [24, 'I8', 1, 1],
      [25, 'I16', 1, 2],
      [26, 'I32', 1, 4],
      [27, 'I64', 1, 8],
      [28, 'F64', 1, 8],
      [29, 'IQ1_M', 256, 56],
      [30, 'BF16', 1, 2],
      [34, 'TQ1_0', 256, 54],
      [35, 'TQ2_0', 256, 66],
      [39, 'MXFP4', 32, 17],
      [40, 'NVFP4', 64, 36],
      [41, 'Q1_0', 128, 18],
      [42, 'Q2_0', 64, 18],
    ] as const
  ).map(([code, name, blockElements, blockBytes]) => [code, { name, blockElements, blockBytes }]),
)

/** Names of llama_ftype; the numbers that are missing were removed from the format. */
const FILE_TYPES: readonly (readonly [number, string])[] = [
  [0, 'F32'],
  [1, 'F16'],
  [2, 'Q4_0'],
  [3, 'Q4_1'],
  [7, 'Q8_0'],
  [8, 'Q5_0'],
  [9, 'Q5_1'],
  [10, 'Q2_K'],
  [11, 'Q3_K_S'],
  [12, 'Q3_K_M'],
  [13, 'Q3_K_L'],
  [14, 'Q4_K_S'],
  [15, 'Q4_K_M'],
  [16, 'Q5_K_S'],
  [17, 'Q5_K_M'],
  [18, 'Q6_K'],
  [19, 'IQ2_XXS'],
  [20, 'IQ2_XS'],
  [21, 'Q2_K_S'],
  [22, 'IQ3_XS'],
  [23, 'IQ3_XXS'],
  [24, 'IQ1_S'],
  [25, 'IQ4_NL'],
  [26, 'IQ3_S'],
  [27, 'IQ3_M'],
  [28, 'IQ2_S'],
  [29, 'IQ2_M'],
  [30, 'IQ4_XS'],
  [31, 'IQ1_M'],
  [32, 'BF16'],
  [36, 'TQ1_0'],
  [37, 'TQ2_0'],
  [38, 'MXFP4_MOE'],
  [39, 'NVFP4'],
  [40, 'Q1_0'],
  [41, 'Q2_0'],
]

const FLOATS = ['F32', 'F16', 'BF16']

const FILE_TYPE_NAMES: ReadonlyMap<number, string> = new Map(FILE_TYPES)

export function findTensorType(code: number): TensorType | undefined {
  return TENSOR_TYPES.get(code)
}

/** The code of a tensor type's name in upper case, with its block. */
export function findTensorTypeByName(name: string): (TensorType & { code: number }) | undefined {
  for (const [code, type] of TENSOR_TYPES) if (type.name === name) return { code, ...type }
  return undefined
}

/** What is shown as the quantization of a file. Without a word of its own, or with a 0, it is F32 when most of its weights are. */
export function quantizationOf(head: GgufHead): string {
  const fileType = getNumber(head, 'general.file_type')
  if (fileType) return FILE_TYPE_NAMES.get(fileType) ?? 'unknown'
  return isMostlyF32(head) ? 'F32' : 'unknown'
}

/** Some matrices keep 16 bits whatever the others get; a file with quantized ones has another name. */
function isMostlyF32({ tensors, parameterCount }: GgufHead): boolean {
  if (tensors.some(({ type }) => !FLOATS.includes(type))) return false
  const bytes = tensors.reduce((sum, { type, sizeBytes }) => sum + (type === 'F32' ? sizeBytes : 0), 0)
  return bytes / 4 > parameterCount / 2
}

/** The value of general.file_type for a name as llama.cpp spells it, F32 included. */
export function findFileType(name: string): number | undefined {
  return FILE_TYPES.find(([, known]) => known === name)?.[0]
}

/** Parameters for people, as Ollama writes them: `7B`, `7.2B`, `135M`, `134.52M`, `4K`, `999`. */
export function formatParameterCount(count: number): string {
  if (count >= 1e9) return `${toFixedUnlessWhole(count / 1e9, 1)}B`
  if (count >= 1e6) return `${toFixedUnlessWhole(count / 1e6, 2)}M`
  if (count >= 1e3) return `${roundHalfToEven(count / 1e3)}K`
  return String(count)
}

function toFixedUnlessWhole(value: number, digits: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(digits)
}

// Go rounds halves to even here, where JavaScript rounds them up.
function roundHalfToEven(value: number): number {
  const floor = Math.floor(value)
  if (value - floor !== 0.5) return Math.round(value)
  return floor % 2 === 0 ? floor : floor + 1
}
