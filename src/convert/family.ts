import type { Fields } from './fields.ts'
import type { Metadata } from './metadata.ts'
import type { ModelFiles } from './model-files.ts'
import type { TensorChange } from './tensor-data.ts'

/** What is known of a model before its tensors are looked at. */
export interface SourceModel {
  files: ModelFiles
  /** config.json; of a model with several parts the values of its language model lie on top. */
  config: Fields
  /** Its first architecture. */
  name: string
}

/** A tensor's place in the file to be. */
export interface Placement extends TensorChange {
  name: string
}

/** Numbers that are no tensor in the source. */
export interface GeneratedTensor {
  name: string
  values: Float32Array
}

/** An architecture's facts: llama.cpp 0.5.0, conversion/<family>.py and gguf-py/gguf/tensor_mapping.py. */
export interface Family {
  /** As `architectures` of config.json has it. */
  names: readonly string[]
  /** llama.cpp's name for it. */
  architecture: string
  /** What transformers takes where config.json is silent. */
  defaults: Readonly<Record<string, unknown>>
  describe(model: SourceModel, metadata: Metadata): Promise<void> | void
  writeVocabulary(model: SourceModel, metadata: Metadata): Promise<void>
  /** Undefined leaves the tensor out; `unknown` is for a name that the family does not have. */
  place(tensor: string, model: SourceModel): Placement | undefined | 'unknown'
  generate?(model: SourceModel, metadata: Metadata): GeneratedTensor[]
}
