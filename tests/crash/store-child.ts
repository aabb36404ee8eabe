// One process at work on a models folder, for store.test.ts: `store-child.ts <what> <root> <name>`. It says a line for each step, so that the
// parent knows when to kill it. Contents come from a counter, so that processes meet at the same blobs.

import { createHash } from 'node:crypto'
import { toDigest } from '../../src/model/digest.ts'
import type { Layer, Manifest } from '../../src/model/manifest.ts'
import { MEDIA_TYPES } from '../../src/model/media-type.ts'
import { parseModelName } from '../../src/model/name.ts'
import { createStore } from '../../src/store/open.ts'

const [what = '', root = '', name = 'm'] = process.argv.slice(2)
const store = await createStore({ root })
// The timers of a store let a process end; this one waits for locks.
const alive = setInterval(() => {}, 1000)

const DOWNLOAD = new Uint8Array(8 * 1024 * 1024).map((_, i) => i * 31)
const DOWNLOAD_DIGEST = toDigest(createHash('sha256').update(DOWNLOAD).digest('hex'))
const PIECE_BYTES = 512 * 1024

switch (what) {
  case 'endless-blob':
    await store.blobs.write(endless())
    break
  case 'models':
    for (let round = 0; ; round++) await replaceModel(round)
  case 'some-models':
    for (let round = 0; round < 25; round++) await replaceModel(round)
    break
  case 'removals':
    while (true) await removeModels()
  case 'download':
    await download()
    break
}
clearInterval(alive)

async function* endless(): AsyncGenerator<Uint8Array> {
  for (let count = 0; ; count++) {
    yield new Uint8Array(64 * 1024).fill(count)
    say('chunk')
  }
}

async function replaceModel(round: number): Promise<void> {
  const manifest = await writeBlobs(round)
  say('blobs')
  await store.manifests.write(parseModelName(`${name}:${round % 3}`), manifest)
  say('manifest')
}

async function writeBlobs(round: number): Promise<Manifest> {
  const toLayer = async (text: string, mediaType: string): Promise<Layer> => {
    const { digest, sizeBytes } = await store.blobs.write(chunksOf(text))
    return { mediaType, digest, sizeBytes }
  }
  const shared = await toLayer('shared by all', MEDIA_TYPES.license)
  const turns = await toLayer(`turn ${round % 4}`, MEDIA_TYPES.system)
  return { config: await toLayer(`config ${round}`, MEDIA_TYPES.config), layers: [shared, turns] }
}

async function* chunksOf(text: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(text)
}

async function removeModels(): Promise<void> {
  for (const { name: found, manifest } of await store.manifests.list()) {
    await store.manifests.remove(found)
    await store.removeUnused([...manifest.layers, manifest.config])
  }
  say('removed')
}

async function download(): Promise<void> {
  const partial = await store.blobs.openPartial(DOWNLOAD_DIGEST, DOWNLOAD.byteLength)
  for (const { start, end } of partial.missing()) {
    for (let at = start; at < end; at += PIECE_BYTES) {
      await partial.write(at, DOWNLOAD.subarray(at, Math.min(at + PIECE_BYTES, end)))
      say('piece')
    }
  }
  say('committing')
  await partial.commit()
  say('committed')
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
