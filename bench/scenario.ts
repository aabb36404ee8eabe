// One line of the table: what is measured, on a server and (where it says how) on the engine alone, and the bar that it has to reach.

import type { Target } from './client.ts'
import type { Engine } from './engine.ts'
import type { TracedToken } from './same-text.ts'

/** 'tokens/s', 'requests/s' and 'times' are better when they are higher, the others when they are lower. */
export type Unit = 'tokens/s' | 'requests/s' | 'times' | 'ms' | 'MB' | 'µs'

/** What a target must have: a model for embeddings, the native API, a process that we may look at, one that we may start again, leave to add models. */
export type Need = 'embeddings' | 'native' | 'process' | 'restart' | 'copies'

/** The first three are ratios, above 1 where this server is better; `own` is a figure of this server, not to be missed in the unit's direction. */
export interface Bar {
  ollama?: number
  llamaServer?: number
  engine?: number
  own?: number
}

export interface Measurement {
  figure: number
  /** Of which both servers should give the same; only with `trace`. */
  text?: string
  promptTokens?: number
}

export interface Scenario {
  name: string
  unit: Unit
  about: string
  bar?: Bar
  needs?: readonly Need[]
  /** Before the first round and after the last one, for each target. */
  prepare?(target: Target): Promise<void>
  finish?(target: Target): Promise<void>
  /** One measurement of one server. `seed` is another in each round and the same for all servers, so that a text can be one that no server has seen. */
  measure(target: Target, seed: number): Promise<number | Measurement>
  /** The reply of that measurement once more, token by token: asked only where the servers' texts are not equal, and when the measuring is done. */
  trace?(target: Target, seed: number): Promise<TracedToken[]>
  /** The same on the engine alone; `promptTokens` as a server counted them. */
  engine?(engine: Engine, promptTokens: number): number
}

export function isLowerBetter(unit: Unit): boolean {
  return unit === 'ms' || unit === 'MB' || unit === 'µs'
}
