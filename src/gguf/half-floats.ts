// Numbers of 16 bits and back, as the engine and its converter round them: to the nearest, ties to even. Bits are read as the host has them;
// every platform that the engine runs on is little-endian, as safetensors and GGUF are.

export type FloatType = 'F32' | 'F16' | 'BF16'

const FLOAT_BYTES: Readonly<Record<FloatType, number>> = { F32: 4, F16: 2, BF16: 2 }

export function bytesPerElement(type: FloatType): number {
  return FLOAT_BYTES[type]
}

/** `add` is laid on each value in 32 bits. The bytes start at a multiple of four in their buffer. */
export function convertFloats(bytes: Uint8Array, from: FloatType, { to, add = 0 }: { to: FloatType; add?: number }): Uint8Array {
  if (from === to && add === 0) return bytes
  const values = toFloat32(bytes, from)
  if (add !== 0) for (let i = 0; i < values.length; i++) values[i] = (values[i] as number) + add
  return fromFloat32(values, to)
}

function toFloat32(bytes: Uint8Array, from: FloatType): Float32Array {
  const count = bytes.byteLength / bytesPerElement(from)
  if (from === 'F32') return new Float32Array(bytes.buffer, bytes.byteOffset, count).slice()
  const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, count)
  const bits = new Uint32Array(count)
  if (from === 'BF16') for (let i = 0; i < count; i++) bits[i] = (halves[i] as number) << 16
  else for (let i = 0; i < count; i++) bits[i] = widenHalf(halves[i] as number)
  return new Float32Array(bits.buffer)
}

function fromFloat32(values: Float32Array, to: FloatType): Uint8Array {
  if (to === 'F32') return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
  const halves = new Uint16Array(values.length)
  const narrow = to === 'BF16' ? narrowToBrainFloat : narrowToHalf
  for (let i = 0; i < bits.length; i++) halves[i] = narrow(bits[i] as number)
  return new Uint8Array(halves.buffer)
}

/** Bits of a 16-bit number to those of the same number in 32 bits. */
function widenHalf(half: number): number {
  const sign = (half & 0x8000) << 16
  const exponent = (half >>> 10) & 0x1f
  const fraction = half & 0x3ff
  if (exponent === 0x1f) return (sign | 0x7f800000 | (fraction << 13)) >>> 0
  if (exponent !== 0) return (sign | ((exponent + 112) << 23) | (fraction << 13)) >>> 0
  if (fraction === 0) return sign >>> 0
  // Below the smallest normal number of 16 bits, and a normal one of 32.
  const shift = Math.clz32(fraction) - 21
  return (sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13)) >>> 0
}

function narrowToHalf(bits: number): number {
  const sign = (bits >>> 16) & 0x8000
  const magnitude = bits & 0x7fffffff
  if (magnitude > 0x7f800000) return sign | 0x7e00 | ((magnitude >>> 13) & 0x3ff)
  // From 65520 on the nearest is infinity.
  if (magnitude >= 0x477ff000) return sign | 0x7c00
  if (magnitude >= 0x38800000) return sign | roundShift(magnitude - 0x38000000, 13)
  // 2^-25 is half of the smallest number: it and all below are zero.
  if (magnitude <= 0x33000000) return sign
  const shift = 126 - (magnitude >>> 23)
  return sign | roundShift((magnitude & 0x7fffff) | 0x800000, shift)
}

function narrowToBrainFloat(bits: number): number {
  // A number that is none stays so, quietly: rounding could make it infinite.
  if ((bits & 0x7fffffff) > 0x7f800000) return ((bits >>> 16) | 0x40) & 0xffff
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) / 0x10000) & 0xffff
}

function roundShift(value: number, shift: number): number {
  const kept = value >>> shift
  const rest = value & ((1 << shift) - 1)
  const half = 1 << (shift - 1)
  return rest > half || (rest === half && (kept & 1) === 1) ? kept + 1 : kept
}
