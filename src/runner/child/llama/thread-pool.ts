// The threads that compute, kept from step to step. Without a pool the engine makes them anew for each step, and a thread that begins while the
// server or a client has work is often put on a taken core, where the others wait for it at every barrier: one step in ten took two or three times
// as long. One pool serves all contexts of a process, which compute one after the other. Between two steps a thread looks out for about a
// millisecond before it sleeps.

import koffi from 'koffi'
import { findCpuProcedure } from '../cpu-procedure.ts'
import { binderOf } from '../native-function.ts'
import type { ThreadPoolPointer } from './api.ts'
import type { Library } from './library.ts'

/** ggml.h, GGML_MAX_N_THREADS. */
const MAX_THREADS = 512
/** In hundredths of the longest that ggml knows; its own 50 would keep a core from others for long after the last step. */
const POLL = 1
const DEFAULT_POLL = 50

interface PoolParams {
  n_threads: number
  prio: number
  poll: number
  strict_cpu: boolean
  paused: boolean
}

// struct ggml_threadpool_params
koffi.struct('ggml_threadpool_params', {
  cpumask: koffi.array('bool', MAX_THREADS),
  n_threads: 'int32',
  prio: 'int32',
  poll: 'uint32',
  strict_cpu: 'bool',
  paused: 'bool',
})

const CREATE = koffi.proto('void* llamero_threadpool_new(ggml_threadpool_params*)')

/** For steps of up to so many threads. Undefined where it would have none beside the caller's, and where the engine has no such pools. */
export function createThreadPool(library: Library, threads: number): ThreadPoolPointer | undefined {
  if (threads < 2 || threads > MAX_THREADS) return undefined
  const { base } = library
  const found = findCpuProcedure(library, 'ggml_threadpool_new')
  if (base === undefined || found === undefined) return undefined
  const defaults = binderOf(base)('ggml_threadpool_params ggml_threadpool_params_default(int)') as (threads: number) => PoolParams
  const params = defaults(threads)
  // The layout is that of another version.
  if (params.n_threads !== threads || params.prio !== 0 || params.poll !== DEFAULT_POLL || params.strict_cpu || params.paused)
    return undefined
  const create = koffi.decode(found, CREATE) as (params: PoolParams) => ThreadPoolPointer | null
  return create({ ...params, poll: POLL }) ?? undefined
}
