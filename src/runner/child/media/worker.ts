// The worker of a runner that reads media: opens the projector, then answers one question after the other. A worker and not the runner's own
// thread, since the rows of an image take seconds, in which the other replies go on.

import { statSync, writeSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import type { LibraryHandle } from 'koffi'
import { toAppError } from '../../../base/errors.ts'
import { loadGgml } from '../llama/library.ts'
import { bindMediaApi } from './api.ts'
import { openBridged } from './bridge.ts'
import { MediaLog } from './media-log.ts'
import type { MediaAnswer, MediaQuestion, MediaWorkerData } from './messages.ts'
import { loadMediaLibrary } from './package.ts'
import { Projector } from './projector.ts'

const STANDARD_ERROR = 2
const MIB = 1024 * 1024
/** Where no program is. */
const NO_PATH = '/dev/null'

export async function runMediaWorker(): Promise<void> {
  // What the library cannot decode it shows to ffprobe, if there is one, since it may be a video.
  process.env.PATH = NO_PATH
  try {
    const projector = await openProjector(workerData as MediaWorkerData)
    parentPort?.on('message', (question: MediaQuestion) => send(answer(projector, question)))
    send({ type: 'opened' })
  } catch (error) {
    send(toFailure(error))
  }
}

async function openProjector(data: MediaWorkerData): Promise<Projector> {
  const library = await loadMediaLibrary()
  const api = bindMediaApi(library)
  const log = new MediaLog()
  log.attach(api)
  const projector = await openQuick(library, data.threads, () => new Projector(api, log, data))
  // As the engine tells the sizes of its own buffers, for the parent to read.
  writeSync(STANDARD_ERROR, `projector: CPU model buffer size = ${(statSync(data.projectorPath).size / MIB).toFixed(2)} MiB\n`)
  return projector
}

/** Elsewhere than on x64 the library is built for what every such CPU has, and that is fast. */
async function openQuick(media: LibraryHandle, threads: number, open: () => Projector): Promise<Projector> {
  const engine = process.arch === 'x64' ? await loadGgml() : undefined
  if (!engine) return open()
  const { opened, problem } = openBridged({ media, engine, threads }, open)
  if (problem !== undefined) writeSync(STANDARD_ERROR, `projector: images will be slow, since the engine cannot compute them: ${problem}\n`)
  return opened
}

function answer(projector: Projector, question: MediaQuestion): MediaAnswer {
  try {
    if (question.type === 'read') return { type: 'read', parts: projector.read(question.parts, question.media) }
    return { type: 'embedded', rows: projector.embed(question.medium, question.run) }
  } catch (error) {
    return toFailure(error)
  }
}

function toFailure(error: unknown): MediaAnswer {
  const { code, message, details } = toAppError(error)
  return { type: 'failure', failure: { code, message, details } }
}

function send(message: MediaAnswer): void {
  parentPort?.postMessage(message, message.type === 'embedded' ? [message.rows.buffer as ArrayBuffer] : [])
}
