// Computes each trial by the library and over the bridge, and tells which operations came out the same.

import koffi from 'koffi'
import { type Ggml, listNodes, nameOperation, TENSOR, TYPES } from './ggml.ts'
import { listTrials, type Trial, type TrialTensors } from './op-trials.ts'

/** Both compute in the same precision; the order of additions differs. */
const TOLERANCE = 0.01
const MEMORY_BYTES = 1024 * 1024
const GRAPH_SIZE = 64
const COMPUTED = 0
/** These compute nothing. */
const VIEWS = ['NONE', 'RESHAPE', 'VIEW', 'PERMUTE', 'TRANSPOSE']

export interface Computations {
  own: (graph: bigint) => number
  crossed: (graph: bigint) => number
}

/** Their names, as nameOperation gives them. An operation that comes out differently in one trial is not among them. */
export function tryOperations(ggml: Ggml, computations: Computations): Set<string> {
  const proven = new Set(VIEWS)
  const refuted = new Set<string>()
  for (const trial of listTrials(ggml.library)) {
    const { same, operations } = run(ggml, trial, computations)
    for (const operation of operations) (same ? proven : refuted).add(operation)
  }
  for (const operation of refuted) if (!VIEWS.includes(operation)) proven.delete(operation)
  return proven
}

function run(ggml: Ggml, trial: Trial, { own, crossed }: Computations): { same: boolean; operations: string[] } {
  const context = ggml.init({ mem_size: MEMORY_BYTES, mem_buffer: null, no_alloc: false })
  try {
    const result = trial(createTensors(ggml, context))
    const graph = ggml.newGraph(context, GRAPH_SIZE, false)
    ggml.buildForward(graph, result)
    const operations = listNodes(ggml, graph).map((node) => nameOperation(ggml, node))
    const output = viewOutput(ggml, result)
    if (own(graph) !== COMPUTED) return { same: false, operations }
    const expected = readNumbers(output)
    output.bytes.fill(0xff)
    return { same: crossed(graph) === COMPUTED && isSame(readNumbers(output), expected), operations }
  } finally {
    ggml.free(context)
  }
}

interface Output {
  half: boolean
  bytes: Uint8Array
}

function viewOutput(ggml: Ggml, tensor: bigint): Output {
  const head = koffi.view(tensor, TENSOR.nameBytes)
  const half = new DataView(head).getInt32(TENSOR.typeBytes, true) === TYPES.f16
  const lengths = new BigUint64Array(head, TENSOR.lengths * 8, 4)
  const count = lengths.reduce((product, length) => product * Number(length), 1)
  return { half, bytes: new Uint8Array(koffi.view(ggml.data(tensor), count * (half ? 2 : 4))) }
}

/** Half floats as their bits: what is cast comes out exactly. */
function readNumbers({ half, bytes }: Output): number[] {
  const copy = bytes.slice().buffer
  return Array.from(half ? new Uint16Array(copy) : new Float32Array(copy))
}

/** Not a number is the same as not a number. */
function isSame(numbers: readonly number[], expected: readonly number[]): boolean {
  return numbers.every((number, index) => {
    const other = expected[index] as number
    return Object.is(number, other) || Math.abs(number - other) <= TOLERANCE * (1 + Math.abs(other))
  })
}

function createTensors(ggml: Ggml, context: bigint): TrialTensors {
  // Any numbers without a pattern, the same each time.
  let seed = 1
  const next = () => {
    seed = (seed * 48_271) % 0x7fffffff
    return seed / 0x7fffffff
  }
  return {
    context,
    numbers: (type, ...lengths) => {
      const tensor = ggml.newTensor(context, type, ...lengths)
      const { half, bytes } = viewOutput(ggml, tensor)
      const values = half ? new Uint16Array(bytes.buffer) : new Float32Array(bytes.buffer)
      // Half floats from 0.5 to 1 by their bits, some of them negative.
      values.set(values.map(() => (half ? 0x3800 + Math.floor(next() * 1024) + (next() < 0.5 ? 0x8000 : 0) : next() * 2 - 1)))
      return tensor
    },
    places: (limit, length) => {
      const tensor = ggml.newTensor(context, TYPES.i32, length, 1, 1, 1)
      const values = new Int32Array(viewOutput(ggml, tensor).bytes.buffer)
      values.set(values.map(() => Math.floor(next() * limit)))
      return tensor
    },
  }
}
