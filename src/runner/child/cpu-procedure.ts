// A function of ggml's backend for processors that no library exports under a fixed name: there are several builds of that backend, and ggml has
// loaded the one that fits this processor.

import type { LibraryHandle } from 'koffi'
import { binderOf } from './native-function.ts'

/** Where ggml's functions are: the registry of backends, and what all of them rest on. */
export interface GgmlLibraries {
  ggml: LibraryHandle
  base: LibraryHandle | undefined
}

/** Its address. Undefined where the backend is not loaded or cannot be asked, or has none of that name. */
export function findCpuProcedure({ ggml, base }: GgmlLibraries, name: string): bigint | undefined {
  if (base === undefined) return undefined
  const registry = binderOf(ggml)('void* ggml_backend_reg_by_name(const char*)')('CPU')
  if (registry === null) return undefined
  const found = binderOf(base)('void* ggml_backend_reg_get_proc_address(void*, const char*)')(registry, name) as bigint | null
  return found ?? undefined
}
