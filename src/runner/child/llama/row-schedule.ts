// How the engine's threads share the rows of a matrix: dynamic, in small pieces that each thread takes as it comes to them, or static, one part for
// each. Small pieces help threads of unequal speed. But a processor reads memory ahead of a program that goes straight on, and with pieces that
// alternate it reads the other thread's: on two cores of a virtual machine a token of SmolLM2 takes 6 ms with the one and 4 with the other.
// The engine has both, and takes the static one where a machine has several memory nodes. It offers no setting, so that its own count of nodes is
// set here between two steps. Which is faster is for the governor to find out. The rows' results are the same with both.

import { existsSync, readFileSync } from 'node:fs'
import koffi from 'koffi'
import { findCpuProcedure } from '../cpu-procedure.ts'
import type { Schedule } from '../engine.ts'
import type { Library } from './library.ts'

const NODE_FOLDER = '/sys/devices/system/node/node'
const CPU_FOLDER = '/sys/devices/system/cpu/cpu'
/** ggml.h, GGML_NUMA_STRATEGY_DISABLED: threads stay where the system puts them. */
const NO_STRATEGY = 0
const SEVERAL_NODES = 2

const INIT_NODES = koffi.proto('void llamero_init_nodes(int)')
const HAS_NODES = koffi.proto('bool llamero_has_nodes()')

/** `return nodes > 1`, as compilers write it for x64: the comparison, with the distance of what it compares, then the answer. */
const ENTRY = [0xf3, 0x0f, 0x1e, 0xfa]
const COMPARE = [0x83, 0x3d]
const ANSWER = [0x01, 0x0f, 0x97, 0xc0, 0xc3]
const DISTANCE_BYTES = 4

export interface RowSchedule {
  set(schedule: Schedule): void
}

/** Undefined where the engine is not as this file knows it; then it stays dynamic. */
export function openRowSchedule(library: Library): RowSchedule | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined
  const init = findCpuProcedure(library, 'ggml_backend_cpu_numa_init')
  const question = findCpuProcedure(library, 'ggml_backend_cpu_is_numa')
  const address = question === undefined ? undefined : addressOfNodes(question)
  if (init === undefined || question === undefined || address === undefined) return undefined
  ;(koffi.decode(init, INIT_NODES) as (strategy: number) => void)(NO_STRATEGY)
  const counts = new Uint32Array(koffi.view(address, 2 * Uint32Array.BYTES_PER_ELEMENT))
  return provenSchedule(counts, koffi.decode(question, HAS_NODES) as () => boolean)
}

/** `counts`: of memory nodes and of processors, as the engine has counted them. */
function provenSchedule(counts: Uint32Array, hasNodes: () => boolean): RowSchedule | undefined {
  const [nodes = 0, processors = 0] = counts
  // After each step the engine lets its thread run on every processor: that must be what it was allowed before.
  if (nodes !== countFiles(NODE_FOLDER) || processors !== countFiles(CPU_FOLDER) || !mayUseAll(processors)) return undefined
  const set = (schedule: Schedule) => {
    counts[0] = schedule === 'static' ? SEVERAL_NODES : Math.min(nodes, 1)
  }
  set('static')
  const isStatic = hasNodes()
  set('dynamic')
  return isStatic && !hasNodes() ? { set } : undefined
}

function addressOfNodes(question: bigint): bigint | undefined {
  const most = ENTRY.length + COMPARE.length + DISTANCE_BYTES + ANSWER.length
  const code = new Uint8Array(koffi.view(question, most))
  const stands = (bytes: readonly number[], at: number) => bytes.every((byte, index) => code[at + index] === byte)
  const start = stands(ENTRY, 0) ? ENTRY.length : 0
  const distanceAt = start + COMPARE.length
  if (!stands(COMPARE, start) || !stands(ANSWER, distanceAt + DISTANCE_BYTES)) return undefined
  const distance = new DataView(code.buffer, code.byteOffset).getInt32(distanceAt, true)
  // It counts from the end of the comparison, whose last byte is the 1.
  return question + BigInt(distanceAt + DISTANCE_BYTES + 1 + distance)
}

function countFiles(stem: string): number {
  let count = 0
  while (existsSync(`${stem}${count}`)) count++
  return count
}

function mayUseAll(processors: number): boolean {
  const allowed = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
  return processors > 1 && allowed === `0-${processors - 1}`
}
