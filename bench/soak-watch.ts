// Looks at the server from outside for as long as a soak takes: the memory of its process and of its runners, the size of a cache folder, and every
// process that it ever started, to see at the end which of them are left.

import { findExcess, readFolder } from './cache-folder.ts'
import { identify, processTree, residentBytes } from './proc.ts'

export interface Sample {
  atMs: number
  serverMb: number
  runnersMb: number
  runners: number
  cacheMb: number
  /** Of the disk. */
  cacheDiskMb: number
}

export interface Cache {
  folder: string
  limitBytes: number
}

/** More than this part and this much between the second fifth of the time and the last fifth is growth. */
const GROWTH_SHARE = 0.15
const GROWTH_MB = 32
/** Fewer say nothing. */
const LEAST_SAMPLES = 30
const MB = 1e6

export class SoakWatch {
  readonly samples: Sample[] = []
  readonly #id: number
  readonly #cache: Cache | undefined
  #excess: string | undefined
  readonly #seen = new Map<string, number>()
  readonly #start = performance.now()

  constructor(id: number, cache: Cache | undefined) {
    this.#id = id
    this.#cache = cache
  }

  sample(): void {
    const runners = processTree(this.#id).slice(1)
    for (const id of runners) {
      const identity = identify(id)
      if (identity !== undefined) this.#seen.set(identity, id)
    }
    const cache = this.#cache === undefined ? { sizeBytes: 0, diskBytes: 0, files: [] } : readFolder(this.#cache.folder)
    this.#excess ??= findExcess(cache, this.#cache?.limitBytes ?? Number.POSITIVE_INFINITY)
    this.samples.push({
      atMs: performance.now() - this.#start,
      serverMb: residentBytes(this.#id) / MB,
      runnersMb: runners.reduce((sum, id) => sum + residentBytes(id), 0) / MB,
      runners: runners.length,
      cacheMb: cache.sizeBytes / MB,
      cacheDiskMb: cache.diskBytes / MB,
    })
  }

  /** The first time that the cache was beyond its limit. */
  excess(): string | undefined {
    return this.#excess
  }

  /** Ids of processes that the server once started and that still run. */
  left(): number[] {
    return [...this.#seen].filter(([identity, id]) => identify(id) === identity).map(([, id]) => id)
  }

  isServerGone(): boolean {
    return identify(this.#id) === undefined
  }
}

/** What grew, in words; undefined when the time was too short to tell. */
export function findGrowth(samples: readonly Sample[]): string[] | undefined {
  if (samples.length < LEAST_SAMPLES) return undefined
  const fifth = Math.floor(samples.length / 5)
  const [early, late] = [samples.slice(fifth, 2 * fifth), samples.slice(-fifth)]
  return (['serverMb', 'runnersMb'] as const).flatMap((of) => {
    const [before, after] = [most(early, of), most(late, of)]
    return after > before * (1 + GROWTH_SHARE) + GROWTH_MB ? [`${of} grew from ${before.toFixed(0)} to ${after.toFixed(0)}`] : []
  })
}

function most(samples: readonly Sample[], of: keyof Sample): number {
  return Math.max(0, ...samples.map((sample) => sample[of]))
}
