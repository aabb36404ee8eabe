// Variables that Ollama reads and Llamero does not. Whoever sets one is told: a setting that silently does nothing is worse than none.

const GPU = 'placement is left to llama.cpp'
const CLOUD = 'there is no cloud here'
const COMPATIBILITY = 'it steers a part of Ollama that Llamero does not have'

export const UNUSED_VARIABLES: Readonly<Record<string, string>> = {
  OLLAMA_DEBUG_LOG_REQUESTS: 'bodies of requests are never written to the disk',
  OLLAMA_GPU_OVERHEAD: GPU,
  OLLAMA_SCHED_SPREAD: GPU,
  OLLAMA_VULKAN: GPU,
  OLLAMA_IGPU_ENABLE: GPU,
  OLLAMA_LLM_LIBRARY: 'the engine is the one that was installed',
  OLLAMA_REMOTES: CLOUD,
  OLLAMA_AUTH: CLOUD,
  OLLAMA_CLOUD_BASE_URL: CLOUD,
  OLLAMA_EXPERIMENT: COMPATIBILITY,
  OLLAMA_LLAMA_CPP_COMPAT: COMPATIBILITY,
  LLAMA_ARG_FIT: 'memory is planned before a model is loaded',
  LLAMA_ARG_FIT_TARGET: 'memory is planned before a model is loaded',
}

export function warnOfUnused(environment: Readonly<Record<string, string | undefined>>, warn: (message: string) => void): void {
  for (const [name, reason] of Object.entries(UNUSED_VARIABLES)) {
    if (environment[name]?.trim()) warn(`${name} is set and has no effect: ${reason}`)
  }
}
