import { convertFloats, type FloatType } from '../../gguf/half-floats.ts'

export interface TensorValues {
  name: string
  type: FloatType
  /** Slowest-changing first. */
  shape: readonly number[]
  values: Float32Array
}

/** The bytes of a file with these tensors, in this order. */
export function formatSafetensors(tensors: readonly TensorValues[]): Uint8Array {
  let position = 0
  const head: Record<string, unknown> = { __metadata__: { format: 'pt' } }
  const data = tensors.map(({ name, type, shape, values }) => {
    const bytes = convertFloats(new Uint8Array(values.slice().buffer), 'F32', { to: type })
    head[name] = { dtype: type, shape, data_offsets: [position, position + bytes.byteLength] }
    position += bytes.byteLength
    return bytes
  })
  return withHeader(JSON.stringify(head), Buffer.concat(data))
}

/** Any header before any data. `claimedBytes` is a length that the file only says. */
export function withHeader(header: string, data: Uint8Array, claimedBytes?: bigint): Uint8Array {
  const bytes = new TextEncoder().encode(header)
  const length = new Uint8Array(8)
  new DataView(length.buffer).setBigUint64(0, claimedBytes ?? BigInt(bytes.byteLength), true)
  return new Uint8Array(Buffer.concat([length, bytes, data]))
}
