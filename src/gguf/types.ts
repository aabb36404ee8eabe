// The words of the GGUF format as the rest of the house sees them. Reader: head.ts. Writer: writer.ts. Quantization names: quantization.ts.

export type GgufScalarType =
  | 'uint8'
  | 'int8'
  | 'uint16'
  | 'int16'
  | 'uint32'
  | 'int32'
  | 'float32'
  | 'bool'
  | 'string'
  | 'uint64'
  | 'int64'
  | 'float64'

export type GgufScalar = number | bigint | boolean | string

export interface GgufArray {
  itemType: GgufScalarType | 'array'
  length: number
  /** Absent when the reader was told to skip arrays; strings and numbers in file order otherwise. */
  values?: (GgufScalar | GgufArray)[]
}

/** 64-bit integers come as numbers while they are safe, as bigint beyond. */
export type GgufValue = GgufScalar | GgufArray

export interface GgufTensor {
  name: string
  /** ggml's name in upper case: F32, F16, Q4_K, ... */
  type: string
  /** Fastest-changing first, as in the file. */
  shape: number[]
  /** From the start of the tensor data. */
  offsetBytes: number
  sizeBytes: number
}

/** Everything before the tensor data. */
export interface GgufHead {
  version: number
  littleEndian: boolean
  alignment: number
  /** Insertion order = file order. */
  metadata: Map<string, GgufValue>
  /** The type of each value in the file; a copy of a file needs them, since engines insist on exact types. */
  metadataTypes?: Map<string, GgufScalarType | 'array'>
  tensors: GgufTensor[]
  /** Sum of the tensors' elements. */
  parameterCount: number
  /** Where the tensor data begins. */
  dataOffsetBytes: number
  fileSizeBytes: number
}
