// The reader of media of one loaded model: asks a worker, which holds the projector, one question after the other. Rows that were made are kept for
// a while, so that an image that several replies are about, or that one comes back to, is looked at once. What nobody waits for any more is not begun;
// what the worker has begun it finishes.

import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import path from 'node:path'
import { SHARE_ENV, Worker } from 'node:worker_threads'
import { raceAbort, throwIfAborted } from '../../../base/abort.ts'
import { AppError } from '../../../base/errors.ts'
import type { MediaReader, MediaRun, PromptPart } from '../media.ts'
import { describeMedium } from './medium.ts'
import type { MediaAnswer, MediaQuestion, MediaWorkerData, MediumFile, ReadRun } from './messages.ts'
import { MEDIA_PACKAGE_VERSION } from './package.ts'
import { splitAtMarks } from './prompt-marks.ts'
import { placeRotary } from './rotary.ts'
import { RowCache } from './row-cache.ts'
import { createRunIds } from './run-ids.ts'

// Bundled, this lies beside the program's entry.
const ENTRY = new URL(import.meta.url.endsWith('.ts') ? './source-entry.js' : './main.js', import.meta.url)

/**
 * One at a time in a process, and after the engine has been loaded: both know functions of the worker by their address. Throws `load_failed`, and
 * `unsupported_capability` where nothing reads media on this platform.
 */
export async function openMediaReader(options: MediaWorkerData): Promise<MediaReader> {
  const worker = new MediaWorker(options)
  try {
    await worker.opened
  } catch (error) {
    await worker.close()
    throw error
  }
  return new WorkerMediaReader(worker, identify(options.projectorPath))
}

/** Files in the store are named by their content; others are known by their size and age. */
function identify(projectorPath: string): string {
  const { size, mtimeMs } = statSync(projectorPath)
  return [path.basename(projectorPath), size, mtimeMs, MEDIA_PACKAGE_VERSION].join(' ')
}

class WorkerMediaReader implements MediaReader {
  readonly #worker: MediaWorker
  readonly #projector: string
  readonly #rows = new RowCache()

  constructor(worker: MediaWorker, projector: string) {
    this.#worker = worker
    this.#projector = projector
  }

  async read(prompt: string, media: readonly Uint8Array[], signal?: AbortSignal): Promise<PromptPart[]> {
    throwIfAborted(signal)
    const parts = splitAtMarks(prompt, media.length)
    const named = new Set(parts)
    // Also what no mark names: a broken image is no less broken for it.
    for (const bytes of media) describeMedium(bytes)
    const files = media.map((bytes, index) => ({ key: named.has(index) ? this.#keyOf(bytes) : '', bytes }))
    const answer = await this.#worker.ask({ type: 'read', parts, media: files }, signal)
    return answer.parts.map((part) => (Array.isArray(part) ? part : this.#toRun(part, files[part.medium] as MediumFile)))
  }

  close(): Promise<void> {
    return this.#worker.close()
  }

  /** The same bytes mean something else to another projector. */
  #keyOf(bytes: Uint8Array): string {
    return createHash('sha256').update(this.#projector).update(bytes).digest('hex')
  }

  #toRun({ run, length, positions, bidirectional, rotary }: ReadRun, medium: MediumFile): MediaRun {
    const name = `${medium.key}/${run}`
    const make = async (signal?: AbortSignal) => (await this.#worker.ask({ type: 'embed', medium, run }, signal)).rows
    return {
      ids: createRunIds(name, length),
      positions,
      bidirectional,
      embed: (signal) => this.#rows.get(name, make, signal),
      ...(rotary ? { rotaryPositions: (start: number) => placeRotary(rotary, start) } : {}),
    }
  }
}

type AnswerTo<Question> = Question extends { type: 'read' }
  ? Extract<MediaAnswer, { type: 'read' }>
  : Extract<MediaAnswer, { type: 'embedded' }>

class MediaWorker {
  readonly opened: Promise<unknown>
  readonly #worker: Worker
  /** Settles when the worker is free. */
  #last: Promise<unknown>
  #settle: { resolve: (answer: MediaAnswer) => void; reject: (error: unknown) => void } | undefined
  #gone: AppError | undefined

  constructor(data: MediaWorkerData) {
    this.#worker = new Worker(ENTRY, { argv: ['media'], workerData: data, env: SHARE_ENV })
    this.#worker.on('message', (answer: MediaAnswer) => this.#hear(answer))
    this.#worker.on('error', (error) =>
      this.#end(new AppError('engine_error', 'the worker for images and sounds has failed', { cause: error })),
    )
    this.#worker.on('exit', () => this.#end(new AppError('engine_error', 'the worker for images and sounds has ended')))
    this.opened = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
    this.#last = this.opened.catch(() => {})
  }

  /** Waits for those before it. Throws `cancelled` once nobody waits for the answer. */
  async ask<Question extends MediaQuestion>(question: Question, signal?: AbortSignal): Promise<AnswerTo<Question>> {
    const answer = this.#last.then(() => {
      throwIfAborted(signal)
      return this.#send(question)
    })
    this.#last = answer.catch(() => {})
    return (await raceAbort(answer, signal)) as AnswerTo<Question>
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
  }

  #send(question: MediaQuestion): Promise<MediaAnswer> {
    if (this.#gone) return Promise.reject(this.#gone)
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
      this.#worker.postMessage(question)
    })
  }

  #hear(answer: MediaAnswer): void {
    if (answer.type !== 'failure') this.#settle?.resolve(answer)
    else this.#settle?.reject(new AppError(answer.failure.code, answer.failure.message, { details: answer.failure.details }))
    this.#settle = undefined
  }

  #end(error: AppError): void {
    this.#gone ??= error
    this.#settle?.reject(this.#gone)
    this.#settle = undefined
  }
}
