// The parts of a model become one file. They stay until the last who waits for the result has written its manifest, and are deleted then,
// unless somebody else counts on them: a second pull of the same model shares the work or finds it done.

import { createHash } from 'node:crypto'
import type { Clock } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import { type Digest, toDigest } from '../../model/digest.ts'
import { MEDIA_TYPES } from '../../model/media-type.ts'
import type { Store, WrittenBlob } from '../../store/store.ts'
import { watch } from '../progress.ts'
import type { Progress } from '../registry.ts'
import type { SharedTasks, TaskContext } from '../shared-tasks.ts'

/** The bytes of one GGUF out of the files of its parts, in order. Throws `invalid_gguf` where they are not one whole model. */
export type MergeFiles = (paths: readonly string[]) => AsyncIterable<Uint8Array>

const STATUS = 'merging the parts'

export interface MergeOptions {
  store: Store
  clock: Clock
  log: Log
  merges: SharedTasks<Merged>
  merge: MergeFiles
}

/** Undefined: another pull has made the model meanwhile. */
export type Merged = WrittenBlob | undefined

export interface MergeLease {
  watch(signal: AbortSignal | undefined): AsyncGenerator<Progress, Merged>
  leave(): Promise<void>
}

/** What the layer of a merged model is called; undefined where a part has no digest, or there is only one. */
export function nameOfParts(digests: readonly (Digest | undefined)[]): string | undefined {
  if (digests.length < 2 || digests.includes(undefined)) return undefined
  return `parts@${toDigest(createHash('sha256').update(digests.join('\n')).digest('hex'))}`
}

/** `isDone` is asked once the work is ours: whether another pull has finished it, and taken the parts with it. */
export function mergeParts(parts: readonly WrittenBlob[], isDone: () => Promise<boolean>, options: MergeOptions): MergeLease {
  const { store, clock, log, merges } = options
  const lease = merges.join(parts.map(({ digest }) => digest).join(' '), {
    run: async (context) => ((await isDone()) ? undefined : merge(parts, context, options)),
    release: () => removeParts(parts, store, log),
  })
  return {
    async *watch(signal) {
      yield { status: STATUS }
      return yield* watch(lease.result, lease.amount, { status: STATUS, clock, signal })
    },
    leave: () => lease.leave(),
  }
}

async function merge(parts: readonly WrittenBlob[], { signal, report }: TaskContext, options: MergeOptions): Promise<WrittenBlob> {
  const { store } = options
  const totalBytes = parts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  let completedBytes = 0
  const counted = async function* () {
    for await (const bytes of options.merge(parts.map(({ digest }) => store.blobs.path(digest)))) {
      completedBytes = Math.min(completedBytes + bytes.length, totalBytes)
      report({ completedBytes, totalBytes })
      yield bytes
    }
  }
  return store.blobs.write(counted(), { signal })
}

async function removeParts(parts: readonly WrittenBlob[], store: Store, log: Log): Promise<void> {
  const layers = parts.map(({ digest, sizeBytes }) => ({ mediaType: MEDIA_TYPES.model, digest, sizeBytes }))
  try {
    await store.removeUnused(layers, { release: true })
  } catch (error) {
    // The model is there; the next prune finds them.
    log.warn('the parts of a merged model could not be removed', { error })
  }
}
