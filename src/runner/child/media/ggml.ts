// What the bridge needs of ggml, of the one that builds a projector's graphs and of the engine's, which computes them. Their tensors differ in length:
// one is built for longer names. The layout of what comes before the name is known for both versions, and proven on tensors of their own making.

import koffi, { type LibraryHandle } from 'koffi'
import { binderOf } from '../native-function.ts'

koffi.struct('bridge_init_params', { mem_size: 'size_t', mem_buffer: 'void*', no_alloc: 'bool' })

export type Ggml = ReturnType<typeof bindGgml>

/** Offsets of struct ggml_tensor, in words of eight bytes but for those named as bytes. The name comes next, then one word and padding. */
export const TENSOR = {
  typeBytes: 0,
  buffer: 1,
  lengths: 2,
  strides: 6,
  opBytes: 80,
  parametersBytes: 84,
  flagsBytes: 148,
  sources: 19,
  viewSource: 29,
  viewOffset: 30,
  data: 31,
  nameBytes: 256,
} as const
export const MAX_SOURCES = 10

/** Of both versions. Names at these numbers and below are compared. */
export const LAST_NUMBERS = { op: 101, unary: 21, glu: 5, type: 39 } as const

/** enum ggml_type. */
export const TYPES = { f32: 0, f16: 1, i32: 26 } as const

const OBJECT_BYTES = 32
const SCRATCH_BYTES = 64 * 1024

export function bindGgml(library: LibraryHandle) {
  const c = binderOf(library)
  return {
    library,
    init: c('void* ggml_init(bridge_init_params)') as (params: { mem_size: number; mem_buffer: null; no_alloc: boolean }) => bigint,
    free: c('void ggml_free(void*)') as (context: bigint) => void,
    tensorOverhead: c('size_t ggml_tensor_overhead()') as () => number,
    newTensor: c('void* ggml_new_tensor_4d(void*, int, int64, int64, int64, int64)') as (
      context: bigint,
      type: number,
      ...lengths: readonly number[]
    ) => bigint,
    view: c('void* ggml_view_1d(void*, void*, int64, size_t)') as (
      context: bigint,
      tensor: bigint,
      length: number,
      offset: number,
    ) => bigint,
    scale: c('void* ggml_scale(void*, void*, float)') as (context: bigint, tensor: bigint, factor: number) => bigint,
    setOutput: c('void ggml_set_output(void*)') as (tensor: bigint) => void,
    name: c('void* ggml_get_name(void*)') as (tensor: bigint) => bigint,
    data: c('void* ggml_get_data(void*)') as (tensor: bigint) => bigint,
    opName: c('const char* ggml_op_name(int)') as (number: number) => string,
    unaryName: c('const char* ggml_unary_op_name(int)') as (number: number) => string,
    gluName: c('const char* ggml_glu_op_name(int)') as (number: number) => string,
    typeName: c('const char* ggml_type_name(int)') as (number: number) => string | null,
    newGraph: c('void* ggml_new_graph_custom(void*, size_t, bool)') as (context: bigint, size: number, gradients: boolean) => bigint,
    graphOverhead: c('size_t ggml_graph_overhead_custom(size_t, bool)') as (size: number, gradients: boolean) => number,
    addNode: c('void ggml_graph_add_node(void*, void*)') as (graph: bigint, tensor: bigint) => void,
    buildForward: c('void ggml_build_forward_expand(void*, void*)') as (graph: bigint, tensor: bigint) => void,
    nodeCount: c('int ggml_graph_n_nodes(void*)') as (graph: bigint) => number,
    nodeAt: c('void* ggml_graph_node(void*, int)') as (graph: bigint, index: number) => bigint,
  }
}

export function tensorBytes(ggml: Ggml): number {
  return Number(ggml.tensorOverhead()) - OBJECT_BYTES
}

/** What of the layout is not as known; undefined when all is. */
export function findWrongTensorField(ggml: Ggml): string | undefined {
  const context = ggml.init({ mem_size: SCRATCH_BYTES, mem_buffer: null, no_alloc: false })
  try {
    const source = ggml.newTensor(context, TYPES.f16, 32, 5, 3, 2)
    const view = ggml.view(context, source, 9, 64)
    const scaled = ggml.scale(context, view, 0.5)
    ggml.setOutput(scaled)
    return findWrongPlain(ggml, source) ?? findWrongView(ggml, view, source) ?? findWrongScaled(ggml, scaled, view)
  } finally {
    ggml.free(context)
  }
}

/** The first number that does not mean the same to both. */
export function findOtherName(one: Ggml, other: Ggml): string | undefined {
  const kinds = { op: 'opName', unary: 'unaryName', glu: 'gluName', type: 'typeName' } as const
  for (const [kind, name] of Object.entries(kinds) as [keyof typeof kinds, (typeof kinds)[keyof typeof kinds]][]) {
    for (let number = 0; number <= LAST_NUMBERS[kind]; number++) {
      const names = [one[name](number), other[name](number)]
      if (names[0] !== names[1]) return `${kind} ${number} is ${names.join(' and ')}`
    }
  }
  return undefined
}

export function listNodes(ggml: Ggml, graph: bigint): bigint[] {
  return Array.from({ length: ggml.nodeCount(graph) }, (_, index) => ggml.nodeAt(graph, index))
}

/** By all that decides what is computed: some operations are many by one name. */
export function nameOperation(ggml: Ggml, node: bigint): string {
  const view = new DataView(koffi.view(node, TENSOR.nameBytes))
  const name = ggml.opName(view.getInt32(TENSOR.opBytes, true))
  const parameter = (index: number) => view.getInt32(TENSOR.parametersBytes + index * 4, true)
  if (name === 'UNARY' || name === 'GLU' || name === 'POOL_2D' || name === 'POOL_1D' || name === 'UPSCALE') return `${name} ${parameter(0)}`
  return name === 'ROPE' ? `${name} ${parameter(2)}` : name
}

function findWrongPlain(ggml: Ggml, address: bigint): string | undefined {
  const { words, view } = look(ggml, address)
  const at = (first: number) => [...words.subarray(first, first + 4)].map(Number).join(' ')
  if (view.getInt32(TENSOR.typeBytes, true) !== TYPES.f16) return 'type'
  if (at(TENSOR.lengths) !== '32 5 3 2') return 'lengths'
  if (at(TENSOR.strides) !== '2 64 320 960') return 'strides'
  if (words[TENSOR.data] !== ggml.data(address)) return 'data'
  if (words[TENSOR.buffer] !== 0n || words[TENSOR.sources] !== 0n || words[TENSOR.viewSource] !== 0n) return 'pointers'
  return ggml.name(address) === address + BigInt(TENSOR.nameBytes) ? undefined : 'name'
}

function findWrongView(ggml: Ggml, address: bigint, source: bigint): string | undefined {
  const { words, view } = look(ggml, address)
  if (ggml.opName(view.getInt32(TENSOR.opBytes, true)) !== 'VIEW') return 'op'
  if (words[TENSOR.sources] !== source || words[TENSOR.sources + 1] !== 0n) return 'sources'
  if (words[TENSOR.viewSource] !== source || words[TENSOR.viewOffset] !== 64n) return 'view'
  return words[TENSOR.data] === ggml.data(source) + 64n ? undefined : 'data of a view'
}

function findWrongScaled(ggml: Ggml, address: bigint, source: bigint): string | undefined {
  const { words, view } = look(ggml, address)
  if (ggml.opName(view.getInt32(TENSOR.opBytes, true)) !== 'SCALE' || words[TENSOR.sources] !== source) return 'op'
  if (view.getFloat32(TENSOR.parametersBytes, true) !== 0.5) return 'parameters'
  // GGML_TENSOR_FLAG_OUTPUT
  return (view.getInt32(TENSOR.flagsBytes, true) & 2) === 2 ? undefined : 'flags'
}

function look(ggml: Ggml, address: bigint): { words: BigUint64Array; view: DataView } {
  const bytes = koffi.view(address, tensorBytes(ggml))
  return { words: new BigUint64Array(bytes), view: new DataView(bytes) }
}
