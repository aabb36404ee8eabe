// What the server's own process costs, without the engine's.

import { generate, type Target } from '../client.ts'
import { freshStory } from '../fresh-text.ts'
import { cpuMs, processTree, residentBytes } from '../proc.ts'
import type { Scenario } from '../scenario.ts'
import type { ServerProcess } from '../server-process.ts'
import { generateWhole } from '../whole-reply.ts'

const TOKENS = 512
/** Of no round. */
const WARM_UP_SEED = 20_000_000
/** What a start leaves undone is done by then. */
const SETTLE_MS = 2000

export const cpuPerToken: Scenario = {
  name: "server's own CPU time per streamed token",
  unit: 'µs',
  about: `all threads of the server's process, not its runners', over ${TOKENS} tokens to one client, after as many that are not counted`,
  bar: { own: 60, ollama: 1, llamaServer: 1 },
  needs: ['process', 'native'],
  // Servers run for weeks: what a just-in-time compiler does in the first seconds is not the price of a token.
  prepare: async (target) => void (await generate(target, freshStory(WARM_UP_SEED), { num_predict: TOKENS })),
  async measure(target, seed) {
    const { id } = processOf(target)
    const before = cpuMs(id)
    const { evalTokens } = await generateWhole(target, freshStory(seed), { num_predict: TOKENS })
    return ((cpuMs(id) - before) / evalTokens) * 1000
  },
}

export const startToReady: Scenario = {
  name: 'server: start to ready',
  unit: 'ms',
  about: 'from starting the command to the first answer to GET /',
  bar: { own: 300 },
  needs: ['restart'],
  measure: (target) => restart(target),
}

export const idleMemory: Scenario = {
  name: 'server: memory with nothing loaded',
  unit: 'MB',
  about: `resident, with all processes that it started, ${SETTLE_MS / 1000} s after the start`,
  bar: { own: 90 },
  needs: ['restart'],
  async measure(target) {
    await restart(target)
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
    return processTree(processOf(target).id).reduce((sum, id) => sum + residentBytes(id), 0) / 1e6
  },
}

async function restart(target: Target): Promise<number> {
  const { restart: again } = processOf(target)
  if (!again) throw new Error(`${target.name}: the bench did not start it`)
  return again()
}

function processOf({ name, process }: Target): ServerProcess {
  if (!process) throw new Error(`${name}: its process is not known`)
  return process
}
