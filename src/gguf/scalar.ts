// The scalar types of GGUF metadata: their codes and widths in the file.

import { type ByteCursor, invalidGguf } from './byte-source.ts'
import type { GgufScalar, GgufScalarType } from './types.ts'

/** By code; 9 is the array. */
export const VALUE_TYPES: readonly (GgufScalarType | 'array')[] = [
  'uint8',
  'int8',
  'uint16',
  'int16',
  'uint32',
  'int32',
  'float32',
  'bool',
  'string',
  'array',
  'uint64',
  'int64',
  'float64',
]

export const SCALAR_BYTES: Readonly<Record<Exclude<GgufScalarType, 'string'>, number>> = {
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  uint32: 4,
  int32: 4,
  float32: 4,
  bool: 1,
  uint64: 8,
  int64: 8,
  float64: 8,
}

/** The bytes must be ready in the cursor. 64-bit integers become numbers where these are exact. */
export function readFixedScalar(cursor: ByteCursor, type: Exclude<GgufScalarType, 'string'>): GgufScalar {
  switch (type) {
    case 'uint64':
      return toExact(cursor.uint64())
    case 'int64':
      return toExact(cursor.int64())
    case 'bool': {
      const value = cursor.uint8()
      if (value > 1) throw invalidGguf(`a bool is ${value}, neither 0 nor 1`)
      return value === 1
    }
    case 'float32':
      return toShortest(cursor.float32())
    default:
      return cursor[type]()
  }
}

// A float32 widened to a double shows digits that nobody wrote (0.000009999999747378752 for 1e-5). The shortest decimal that means the same float32
// is what Ollama shows, and it is as exact.
function toShortest(value: number): number {
  if (Number.isInteger(value) || !Number.isFinite(value)) return value
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits))
    if (Math.fround(short) === value) return short
  }
  return Number(value.toPrecision(9))
}

function toExact(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}
