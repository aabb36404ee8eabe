// Has the engine compute what a projector's library would compute by itself. On x64 that library is built without the instructions that make it fast
// (an image takes minutes), while the engine picks the build for this CPU. The library builds its graph; the engine computes a mirror of it, over the
// same data. Proven before it is used: the layouts, the meaning of every number, and the operations one by one. A graph with an operation that has not
// proven itself is computed by the library, slowly and rightly.

import koffi, { type LibraryHandle } from 'koffi'
import { findCpuProcedure } from '../cpu-procedure.ts'
import { binderOf } from '../native-function.ts'
import { bindGgml, findOtherName, findWrongTensorField, type Ggml, listNodes, nameOperation, TENSOR, tensorBytes } from './ggml.ts'
import { mirrorTensors } from './mirror.ts'
import { tryOperations } from './op-check.ts'

const GRAPH_COMPUTE = 'bridge_graph_compute'
const INIT_BACKEND = 'bridge_init_backend'
/** enum ggml_backend_dev_type. */
const CPU_DEVICE = 0

/** struct ggml_backend_device, in words: which are null in the library's CPU device, and where it points at its registry. */
const DEVICE = { words: 17, initBackend: 5, empty: [7, 11, 12, 13, 14], registry: 15 } as const
/** struct ggml_backend: its functions from word 1 on, then its device. */
const BACKEND = { words: 19, graphCompute: 13, empty: [3, 4, 5, 6, 7, 8, 11, 14, 15, 16], device: 17 } as const

interface Sides {
  media: LibraryHandle
  engine: LibraryHandle
  threads: number
}

interface Connection {
  problem?: string
  /** Backends that are opened from now on are the library's again; those that were opened stay bridged. */
  end: () => void
}

type Compute = (backend: bigint, graph: bigint) => number

/** What `open` returns; the backends that it opens on the CPU compute by the engine, unless there is a problem, for which images will be slow. */
export function openBridged<Opened>({ media, engine, threads }: Sides, open: () => Opened): { opened: Opened; problem?: string } {
  const cpu = openEngineCpu(engine)
  if (!cpu) return { opened: open(), problem: 'the engine has no CPU to compute on' }
  const [from, to] = [bindGgml(media), bindGgml(engine)]
  const problem = findDifference(from, to)
  if (problem !== undefined) return { opened: open(), problem }
  // Small graphs are done at once by one thread; several wait for each other.
  cpu.setThreads(1)
  const connection = connect(from, to, cpu.compute)
  try {
    cpu.setThreads(threads)
    return { opened: open(), ...(connection.problem === undefined ? {} : { problem: connection.problem }) }
  } finally {
    connection.end()
  }
}

function findDifference(from: Ggml, to: Ggml): string | undefined {
  for (const [name, ggml] of Object.entries({ library: from, engine: to })) {
    const wrong = findWrongTensorField(ggml)
    if (wrong !== undefined) return `a tensor of the ${name} has another ${wrong}`
  }
  return findOtherName(from, to)
}

function openEngineCpu(engine: LibraryHandle): { compute: (graph: bigint) => number; setThreads: (count: number) => void } | undefined {
  const c = binderOf(engine)
  const backend = c('void* ggml_backend_init_by_type(int, const char*)')(CPU_DEVICE, null) as bigint | null
  const found = findCpuProcedure({ ggml: engine, base: engine }, 'ggml_backend_set_n_threads')
  if (backend === null || found === undefined) return undefined
  const setThreads = koffi.decode(found, koffi.proto('void bridge_set_threads(void*, int)')) as (backend: bigint, count: number) => void
  const compute = c('int ggml_backend_graph_compute(void*, void*)') as Compute
  return { compute: (graph) => compute(backend, graph), setThreads: (count) => setThreads(backend, count) }
}

function connect(from: Ggml, to: Ggml, compute: (graph: bigint) => number): Connection {
  const c = binderOf(from.library)
  const device = c('void* ggml_backend_dev_by_type(int)')(CPU_DEVICE) as bigint
  const words = wordsAt(device, DEVICE.words)
  const registry = c('void* ggml_backend_dev_backend_reg(void*)')(device) as bigint
  if (!fits(words, DEVICE.empty) || words[DEVICE.registry] !== registry) return { problem: 'a device has another layout', end: () => {} }
  const crossing = new Crossing(from, to, compute)
  const type = koffi.proto(`void* ${INIT_BACKEND}(void* device, const char* params)`)
  const former = words[DEVICE.initBackend] as bigint
  const init = koffi.decode(former, type) as (device: bigint, params: string | null) => bigint | null
  const opened = (opening: bigint, params: string | null) => crossing.takeOver(init(opening, params), device)
  words[DEVICE.initBackend] = koffi.register(opened, koffi.pointer(type))
  const end = () => {
    words[DEVICE.initBackend] = former
  }
  const backend = c('void* ggml_backend_dev_init(void*, const char*)')(device, null) as bigint
  c('void ggml_backend_cpu_set_n_threads(void*, int)')(backend, 1)
  const problem = crossing.prove(backend)
  c('void ggml_backend_free(void*)')(backend)
  if (problem === undefined) return { end }
  end()
  return { problem, end: () => {} }
}

class Crossing {
  readonly #from: Ggml
  readonly #to: Ggml
  readonly #engine: (graph: bigint) => number
  readonly #type = koffi.proto(`int ${GRAPH_COMPUTE}(void* backend, void* graph)`)
  readonly #callback: bigint
  #own: Compute | undefined
  #proven: ReadonlySet<string> = new Set()

  constructor(from: Ggml, to: Ggml, engine: (graph: bigint) => number) {
    this.#from = from
    this.#to = to
    this.#engine = engine
    this.#callback = koffi.register((backend: bigint, graph: bigint) => this.#compute(backend, graph), koffi.pointer(this.#type))
  }

  /** A backend that the library has just opened. One of another layout stays as it is. */
  takeOver(backend: bigint | null, device: bigint): bigint | null {
    if (backend === null) return null
    const words = wordsAt(backend, BACKEND.words)
    if (!fits(words, BACKEND.empty) || words[BACKEND.device] !== device) return backend
    this.#own ??= koffi.decode(words[BACKEND.graphCompute] as bigint, this.#type) as Compute
    words[BACKEND.graphCompute] = this.#callback
    return backend
  }

  /** Why it cannot be used. */
  prove(backend: bigint): string | undefined {
    const own = this.#own
    if (!own) return 'a backend has another layout'
    this.#proven = tryOperations(this.#from, {
      own: (graph) => own(backend, graph),
      crossed: (graph) => this.#cross(graph),
    })
    return this.#proven.has('MUL_MAT') ? undefined : 'a product of matrices comes out differently'
  }

  #compute(backend: bigint, graph: bigint): number {
    const nodes = listNodes(this.#from, graph)
    const unproven = nodes.some((node) => !this.#proven.has(nameOperation(this.#from, node)))
    return unproven ? (this.#own as Compute)(backend, graph) : this.#cross(graph)
  }

  #cross(graph: bigint): number {
    const nodes = listNodes(this.#from, graph)
    let base = 0n
    const source = { nodes, read: (address: bigint) => koffi.view(address, TENSOR.nameBytes) }
    const mirror = mirrorTensors(source, tensorBytes(this.#to), (sizeBytes) => {
      base = koffi.alloc('uint64', sizeBytes / 8) as bigint
      return base
    })
    new Uint8Array(koffi.view(base, mirror.bytes.length)).set(mirror.bytes)
    const size = nodes.length
    const context = this.#to.init({ mem_size: Number(this.#to.graphOverhead(size, false)) + 1024, mem_buffer: null, no_alloc: true })
    try {
      const mirrored = this.#to.newGraph(context, size, false)
      for (const offset of mirror.nodes) this.#to.addNode(mirrored, base + BigInt(offset))
      return this.#engine(mirrored)
    } finally {
      this.#to.free(context)
      koffi.free(base)
    }
  }
}

function wordsAt(address: bigint, count: number): BigUint64Array {
  return new BigUint64Array(koffi.view(address, count * 8))
}

/** Null where it must be, and nowhere else among the functions. */
function fits(words: BigUint64Array, empty: readonly number[]): boolean {
  return (
    empty.every((index) => words[index] === 0n) &&
    words.every((word, index) => index === words.length - 1 || empty.includes(index) || word !== 0n)
  )
}
