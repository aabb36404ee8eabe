// The prefix cache of a loaded model, with limits that suit the machine. A model works as well without one.

import { writeSync } from 'node:fs'
import os from 'node:os'
import { systemClock } from '../../base/clock.ts'
import { toAppError } from '../../base/errors.ts'
import type { LoadSpec } from '../protocol.ts'
import type { Engine } from './engine.ts'
import { openExclusively } from './llama/exclusive-file.ts'
import { PrefixCache } from './prefix-cache.ts'
import { PrefixFolder } from './prefix-folder.ts'
import { createPrefixKey } from './prefix-key.ts'

const MIB = 2 ** 20
/** Of the machine's memory: states that stay beside their files, and those that are still to be written. */
const MEMORY_SHARE = 1 / 64
const MOST_MEMORY_BYTES = 256 * MIB
const PENDING_SHARE = 1 / 16
const STANDARD_ERROR = 2

/** Undefined where none is wanted or its folder cannot be used. */
export function openPrefixCache(spec: LoadSpec, engine: Engine, onFetched: () => void): PrefixCache | undefined {
  const { prefixCache } = spec
  if (!prefixCache || spec.embedding) return undefined
  const { folder: root, limitBytes, freeShare } = prefixCache
  const key = createPrefixKey(spec, prefixCache, engine.stateIdentity)
  const totalBytes = os.totalmem()
  try {
    return new PrefixCache({
      files: new PrefixFolder({ root, key, limitBytes, freeShare, clock: systemClock, openExclusively }),
      memoryBytes: Math.min(totalBytes * MEMORY_SHARE, MOST_MEMORY_BYTES),
      pendingBytes: totalBytes * PENDING_SHARE,
      onFetched,
      report,
    })
  } catch (error) {
    report(`there is no prefix cache: ${toAppError(error).message}`)
    return undefined
  }
}

/** Into the engine's log, which the server reads. */
function report(text: string): void {
  writeSync(STANDARD_ERROR, `llamero-runner: ${text}\n`)
}
