// A blob that was just written, or found and counted on, belongs to no manifest yet. A pin says so to every process that deletes: a file named
// after the blob and its owner. It ends when a manifest refers to the blob, when its owner dies, or after MAX_PIN_AGE_MS.

import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Clock } from '../base/clock.ts'
import { unlessMissing } from '../base/system-error.ts'
import { type Digest, digestHex, toDigest } from '../model/digest.ts'
import { ownOwner, stateOf } from './owner.ts'

export const MAX_PIN_AGE_MS = 24 * 3600 * 1000

const PIN = /^pin-([0-9a-f]{64})-(.+)$/

export class Pins {
  readonly #folder: string
  readonly #clock: Clock
  readonly #own = new Set<Digest>()

  constructor(folder: string, clock: Clock) {
    this.#folder = folder
    this.#clock = clock
  }

  /** Before the blob is looked for, so that nobody deletes it between. */
  async add(digest: Digest): Promise<void> {
    await mkdir(this.#folder, { recursive: true })
    await writeFile(this.#file(digest), '')
    this.#own.add(digest)
  }

  async remove(digests: Iterable<Digest>): Promise<void> {
    for (const digest of digests) {
      if (this.#own.delete(digest)) await rm(this.#file(digest), { force: true })
    }
  }

  /** Of all processes. Pins of the dead are removed on the way. */
  async all(): Promise<Set<Digest>> {
    const digests = new Set<Digest>()
    for (const name of (await unlessMissing(readdir(this.#folder))) ?? []) {
      const [, hex, owner] = PIN.exec(name) ?? []
      if (hex === undefined || owner === undefined) continue
      if (await this.#isOver(name, owner)) await rm(path.join(this.#folder, name), { force: true })
      else digests.add(toDigest(hex))
    }
    return digests
  }

  async #isOver(name: string, owner: string): Promise<boolean> {
    if (stateOf(owner) === 'dead') return true
    const stats = await unlessMissing(stat(path.join(this.#folder, name)))
    return stats === undefined || this.#clock.nowMs() - stats.mtimeMs > MAX_PIN_AGE_MS
  }

  #file(digest: Digest): string {
    return path.join(this.#folder, `pin-${digestHex(digest)}-${ownOwner()}`)
  }
}
