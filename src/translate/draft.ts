// What a translated file will hold, while a family says how it differs from its source: keys and tensors that are renamed, added, left out or
// made of others. Nothing is read and nothing written here. It works on a head without the items of its long arrays too, so that what a
// translation will be like is known before it is made.

import { invalidGguf } from '../gguf/byte-source.ts'
import { findTensorTypeByName } from '../gguf/quantization.ts'
import type { GgufArray, GgufHead, GgufScalar, GgufScalarType, GgufTensor, GgufValue } from '../gguf/types.ts'

/** A piece of a tensor: bytes of the source's tensor data, or nothing but zeros. */
export type Part =
  | { kind: 'bytes'; offsetBytes: number; sizeBytes: number; type: string }
  /** Runs of elements of the range in another order: [first element, how many]. The range is held in memory as a whole. */
  | { kind: 'runs'; offsetBytes: number; sizeBytes: number; type: string; runs: readonly (readonly [start: number, length: number])[] }
  | { kind: 'zeros'; sizeBytes: number }

export interface DraftTensor {
  name: string
  type: string
  shape: number[]
  /** Of another type than the tensor's: widened to F32. */
  parts: Part[]
}

export class Draft {
  readonly source: GgufHead
  readonly metadata: Map<string, GgufValue>
  readonly types: Map<string, GgufScalarType | 'array'>
  #tensors: Map<string, DraftTensor>

  constructor(source: GgufHead) {
    this.source = source
    this.metadata = new Map(source.metadata)
    this.types = new Map(source.metadataTypes)
    this.#tensors = new Map(source.tensors.map((tensor) => [tensor.name, toDraftTensor(tensor)]))
  }

  get tensors(): DraftTensor[] {
    return [...this.#tensors.values()]
  }

  /** As the translated file's head would be read, without its offsets. */
  toHead(): GgufHead {
    const tensors = this.tensors.map(
      ({ name, type, shape }): GgufTensor => ({ name, type, shape, offsetBytes: 0, sizeBytes: tensorBytes(type, shape) }),
    )
    return {
      ...this.source,
      metadata: this.metadata,
      metadataTypes: this.types,
      tensors,
      parameterCount: tensors.reduce((sum, { shape }) => sum + elementsOf(shape), 0),
      fileSizeBytes: tensors.reduce((sum, { sizeBytes }) => sum + sizeBytes, this.source.dataOffsetBytes),
    }
  }

  get architecture(): string {
    return this.text('general.architecture') ?? ''
  }

  has(key: string): boolean {
    return this.metadata.has(key)
  }

  text(key: string): string | undefined {
    const value = this.metadata.get(key)
    return typeof value === 'string' ? value : undefined
  }

  number(key: string): number | undefined {
    const value = this.metadata.get(key)
    return typeof value === 'number' ? value : undefined
  }

  /** Empty where the key is absent, is no array, or its items were not read. */
  items(key: string): readonly GgufScalar[] {
    return this.#array(key)?.values?.filter((value): value is GgufScalar => typeof value !== 'object') ?? []
  }

  /** Items of an array. */
  count(key: string): number {
    return this.#array(key)?.length ?? 0
  }

  /** Undefined where the key is absent or no array. */
  itemType(key: string): GgufArray['itemType'] | undefined {
    return this.#array(key)?.itemType
  }

  set(key: string, type: GgufScalarType, value: GgufScalar): void {
    this.metadata.set(key, value)
    this.types.set(key, type)
  }

  setItems(key: string, itemType: GgufScalarType, values: GgufScalar[]): void {
    this.metadata.set(key, { itemType, length: values.length, values })
    this.types.set(key, 'array')
  }

  /** Where the file does not say it itself. */
  add(key: string, type: GgufScalarType, value: GgufScalar | undefined): void {
    if (value !== undefined && !this.has(key)) this.set(key, type, value)
  }

  addItems(key: string, itemType: GgufScalarType, values: GgufScalar[]): void {
    if (!this.has(key)) this.setItems(key, itemType, values)
  }

  renameKey(from: string, to: string): void {
    const [value, type] = [this.metadata.get(from), this.types.get(from)]
    if (value === undefined) return
    this.removeKeys((key) => key === from)
    if (this.has(to)) return
    this.metadata.set(to, value)
    if (type) this.types.set(to, type)
  }

  removeKeys(isLeft: (key: string) => boolean): void {
    for (const key of [...this.metadata.keys()]) {
      if (!isLeft(key)) continue
      this.metadata.delete(key)
      this.types.delete(key)
    }
  }

  /** The file is of that architecture from now on, and so are its keys. */
  setArchitecture(to: string): void {
    const from = this.architecture
    for (const key of [...this.metadata.keys()]) {
      if (key.startsWith(`${from}.`)) this.renameKey(key, to + key.slice(from.length))
    }
    this.set('general.architecture', 'string', to)
  }

  /** Items beyond so many are left out. */
  truncate(key: string, length: number): void {
    const array = this.#array(key)
    if (!array || array.length <= length) return
    this.metadata.set(key, { ...array, length, ...(array.values ? { values: array.values.slice(0, length) } : {}) })
  }

  tensor(name: string): DraftTensor | undefined {
    return this.#tensors.get(name)
  }

  hasTensors(...prefixes: string[]): boolean {
    return this.tensors.some(({ name }) => prefixes.some((prefix) => name.startsWith(prefix)))
  }

  removeTensors(isLeft: (name: string) => boolean): void {
    for (const name of [...this.#tensors.keys()]) if (isLeft(name)) this.#tensors.delete(name)
  }

  addTensor(tensor: DraftTensor): void {
    this.#tensors.set(tensor.name, tensor)
  }

  renameTensor(from: string, to: string): void {
    this.#renameTensors((name) => (name === from ? to : name))
  }

  /** In each name, the first place of each pair's text that ends where a part of the name ends. */
  renameParts(pairs: readonly (readonly [from: string, to: string])[]): void {
    for (const [from, to] of pairs) this.#renameTensors((name) => replacePart(name, from, to))
  }

  /** Halves become F32: the engine convolves, and adds positions, in nothing else. */
  widen(name: string): void {
    const tensor = this.#tensors.get(name)
    if (tensor?.type === 'F16' || tensor?.type === 'BF16') tensor.type = 'F32'
  }

  /** One tensor of several, laid behind each other along the slowest dimension; F32 where their types differ. */
  join(names: readonly string[], to: string): void {
    const tensors = names.flatMap((name) => this.#tensors.get(name) ?? [])
    const [first] = tensors
    if (!first || tensors.length !== names.length) return
    const rest = first.shape.slice(0, -1)
    if (tensors.some(({ shape }) => shape.slice(0, -1).join() !== rest.join() || shape.length !== first.shape.length)) {
      throw invalidGguf(`the tensors ${names.join(', ')} have shapes that cannot be joined`)
    }
    const type = tensors.every((tensor) => tensor.type === first.type) ? first.type : 'F32'
    const joined = tensors.reduce((sum, { shape }) => sum + (shape.at(-1) ?? 0), 0)
    this.#tensors = new Map(
      [...this.#tensors].flatMap(([name, tensor]): [string, DraftTensor][] => {
        if (name === names[0]) return [[to, { name: to, type, shape: [...rest, joined], parts: tensors.flatMap(({ parts }) => parts) }]]
        return names.includes(name) ? [] : [[name, tensor]]
      }),
    )
  }

  #renameTensors(toName: (name: string) => string): void {
    const renamed = new Map<string, DraftTensor>()
    for (const [name, tensor] of this.#tensors) {
      const next = toName(name)
      if (renamed.has(next)) throw invalidGguf(`two tensors of this layout would be called ${JSON.stringify(next)}`)
      renamed.set(next, next === name ? tensor : { ...tensor, name: next })
    }
    this.#tensors = renamed
  }

  #array(key: string): GgufArray | undefined {
    const value = this.metadata.get(key)
    return typeof value === 'object' ? value : undefined
  }
}

export function tensorBytes(type: string, shape: readonly number[]): number {
  const found = findTensorTypeByName(type)
  if (!found) throw invalidGguf(`the type ${type} is not known`)
  return (elementsOf(shape) / found.blockElements) * found.blockBytes
}

export function elementsOf(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1)
}

function toDraftTensor({ name, type, shape, offsetBytes, sizeBytes }: GgufTensor): DraftTensor {
  return { name, type, shape, parts: [{ kind: 'bytes', offsetBytes, sizeBytes, type }] }
}

function replacePart(name: string, from: string, to: string): string {
  for (let at = name.indexOf(from); at >= 0; at = name.indexOf(from, at + 1)) {
    const end = at + from.length
    if (end === name.length || name[end] === '.') return name.slice(0, at) + to + name.slice(end)
  }
  return name
}
